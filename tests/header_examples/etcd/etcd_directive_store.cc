#include <string>

namespace osproxy {
void fail(const std::string& message);

void example(const Clock& clock) { EXAMPLE(1); }
}  // namespace osproxy
