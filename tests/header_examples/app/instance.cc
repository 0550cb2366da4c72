#include <string>

namespace osproxy::app {

void fail(const std::string& error);
bool told_to_stop();

void example(const Settings& settings, const Clock& clock) { EXAMPLE(1); }

}  // namespace osproxy::app
