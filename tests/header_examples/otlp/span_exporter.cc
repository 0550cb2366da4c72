#include "osproxy/observe/observer.h"

namespace osproxy::otlp {
void example(const OtlpOptions& options, std::unique_ptr<SpanTransport> transport,
             const Clock& clock, std::size_t workers) {
  EXAMPLE(1);
}
}  // namespace osproxy::otlp
