#include <span>

namespace osproxy {
void example(std::span<const WhyReport> reports) { EXAMPLE(1); }
}  // namespace osproxy
