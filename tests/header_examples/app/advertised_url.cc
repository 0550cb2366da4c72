#include <string>
#include <vector>

namespace osproxy::app {

void example(const std::vector<std::string>& etcd_endpoints) { EXAMPLE(1); }

}  // namespace osproxy::app
