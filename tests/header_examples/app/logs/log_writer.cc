#include <unistd.h>

namespace osproxy::app {
using namespace std::chrono_literals;
void example() { EXAMPLE(1); }
}  // namespace osproxy::app
