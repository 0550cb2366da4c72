#include <expected>

namespace osproxy::etcd {
using namespace std::chrono_literals;

std::expected<std::string, std::string> example(const std::vector<std::string>& endpoints,
                                                const Clock& clock, const std::string& key) {
  EXAMPLE(1);
}
}  // namespace osproxy::etcd
