#include <string>

namespace osproxy {
using namespace std::chrono_literals;
using Line = std::string;
void example(Line line, int dropped, std::stop_token stop) { EXAMPLE(1); }
}  // namespace osproxy
