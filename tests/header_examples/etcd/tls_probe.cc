namespace osproxy::etcd {
void example(const TlsPem& pem) { EXAMPLE(1); }
}  // namespace osproxy::etcd
