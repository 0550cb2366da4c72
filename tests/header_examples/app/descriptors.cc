#include <string>

namespace osproxy::app {

void fail(const std::string& error);

void example(unsigned workers) { EXAMPLE(1); }

}  // namespace osproxy::app
