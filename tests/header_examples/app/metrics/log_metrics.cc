#include <memory>

namespace osproxy::app {
std::uint64_t log_lines_dropped();
void example() { EXAMPLE(1); }
}  // namespace osproxy::app
