namespace osproxy::app {

void print(const std::string& error);

void example(const Settings& settings, const Clock& clock) { EXAMPLE(1); }

}  // namespace osproxy::app
