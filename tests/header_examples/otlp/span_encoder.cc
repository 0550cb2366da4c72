#include <vector>

namespace osproxy::otlp {
void example(const OtlpOptions& options, const std::string& instance,
             const std::vector<RecordPointer>& batch) {
  EXAMPLE(1);
}
}  // namespace osproxy::otlp
