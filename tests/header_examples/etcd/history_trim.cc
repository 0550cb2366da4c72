namespace osproxy::etcd {
void example(const std::string& prefix, std::chrono::nanoseconds timeout, const HistoryState& state,
             WallTime now, const ListDone& oldest, const ListDone& by_hand, CallId call,
             Transport& transport) {
  EXAMPLE(1);
}
}  // namespace osproxy::etcd
