namespace osproxy::etcd {
void example(const Directive& directive, WallTime first_seen) { EXAMPLE(1); }
}  // namespace osproxy::etcd
