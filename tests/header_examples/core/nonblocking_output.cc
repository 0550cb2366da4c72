#include <unistd.h>

namespace osproxy {
using namespace std::chrono_literals;
void fail(int error);
void example(std::string_view text) { EXAMPLE(1); }
}  // namespace osproxy
