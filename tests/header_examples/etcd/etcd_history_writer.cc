namespace osproxy {
void example(const EtcdTarget& target, const HistoryBounds& bounds, const Clock& clock) {
  EXAMPLE(1);
}
}  // namespace osproxy
