#include <cassert>

namespace osproxy {
void example() { EXAMPLE(1); }
}  // namespace osproxy
