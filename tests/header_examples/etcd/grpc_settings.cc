namespace osproxy::etcd::main_example {
EXAMPLE(1);
}  // namespace osproxy::etcd::main_example
