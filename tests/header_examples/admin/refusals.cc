#include <memory>

namespace osproxy::admin {
void log(const RefusedRequest& one);
void example() { EXAMPLE(1); }
}  // namespace osproxy::admin
