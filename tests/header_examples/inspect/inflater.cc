#include <string>

namespace osproxy {
void example(std::string_view piece, std::size_t kEnough) { EXAMPLE(1); }
}  // namespace osproxy
