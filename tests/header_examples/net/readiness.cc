namespace osproxy {
Task<> example(Socket accepted, std::span<char> room) {
  error_code error;
  EXAMPLE(1);
}
}  // namespace osproxy
