namespace osproxy::etcd {
void example(const EtcdCredentials& credentials, const Clock& clock) { EXAMPLE(1); }
}  // namespace osproxy::etcd
