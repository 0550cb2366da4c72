#include <memory>

namespace osproxy::admin {
void log(const FailedHandshake& one);
void example(const TlsFault& fault) { EXAMPLE(1); }
}  // namespace osproxy::admin
