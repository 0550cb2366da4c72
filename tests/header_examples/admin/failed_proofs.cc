namespace osproxy::admin {
void refuse();
void example(const Peer& peer, std::uint64_t token_key, BootTime now, bool is_known) {
  [&] { EXAMPLE(1); }();
}
}  // namespace osproxy::admin
