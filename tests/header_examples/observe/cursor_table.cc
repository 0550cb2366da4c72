namespace osproxy {

void example(const SipKey& key, std::uint64_t id, const OpenCursor& cursor, const Clock& clock) {
  EXAMPLE(1);
}

}  // namespace osproxy
