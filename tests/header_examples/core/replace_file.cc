#include <string>

namespace osproxy {
void warn(const std::string& fault);
void example(const std::string& bytes) { EXAMPLE(1); }
}  // namespace osproxy
