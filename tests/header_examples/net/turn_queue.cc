namespace osproxy {
Task<> example(TurnQueue& queue, std::size_t size) { EXAMPLE(1); }
}  // namespace osproxy
