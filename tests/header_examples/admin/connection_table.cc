namespace osproxy::admin {
struct Stream {
  void close();
};
void example(const Peer& peer, Stream& stream) { EXAMPLE(1); }
}  // namespace osproxy::admin
