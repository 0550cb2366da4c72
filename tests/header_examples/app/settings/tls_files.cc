namespace osproxy::app {

void fail(const std::string& error);
void warn(const std::string& text);

void example(const Settings& settings, const Clock& clock) { EXAMPLE(1); }

}  // namespace osproxy::app
