namespace osproxy {
void example(const TlsContext::Pointer& context, std::string_view received, std::span<char> room) {
  EXAMPLE(1);
}
}  // namespace osproxy
