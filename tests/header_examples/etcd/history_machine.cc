namespace osproxy::etcd {
void example(const TransportEvent& event, const Clock& clock) {
  const auto perform = [](const HistoryMachine::Actions&) {};
  EXAMPLE(1);
}
}  // namespace osproxy::etcd
