#include <cassert>

using namespace std::chrono_literals;
namespace osproxy {
void example() { EXAMPLE(1); }
}  // namespace osproxy
