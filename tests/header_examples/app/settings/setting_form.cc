namespace osproxy::app {

void fail(const std::string& error);

void example() { EXAMPLE(1); }

}  // namespace osproxy::app
