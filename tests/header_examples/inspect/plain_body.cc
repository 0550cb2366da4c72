#include <string>

namespace osproxy {
void example(std::string_view payload) { EXAMPLE(1); }
}  // namespace osproxy
