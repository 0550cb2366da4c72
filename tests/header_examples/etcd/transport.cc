namespace osproxy::etcd {
using namespace std::chrono_literals;

void example() { EXAMPLE(1); }
}  // namespace osproxy::etcd
