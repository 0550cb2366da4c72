#include <cassert>

namespace osproxy {
void example(std::string& scratch) { EXAMPLE(1); }
}  // namespace osproxy
