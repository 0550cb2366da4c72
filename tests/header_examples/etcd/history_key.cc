namespace osproxy::etcd {
void example() { EXAMPLE(1); }
}  // namespace osproxy::etcd
