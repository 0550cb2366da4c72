namespace osproxy::etcd {
using namespace std::chrono_literals;

void example(const EtcdStoreOptions& options, const std::vector<std::string>& endpoints,
             const Clock& clock, const std::string& resumed, EtcdStoreStatus::State state) {
  EXAMPLE(1);
}
}  // namespace osproxy::etcd
