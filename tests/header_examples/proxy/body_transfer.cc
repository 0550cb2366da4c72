namespace osproxy {
Task<> example(Connection& to, std::string& head, std::string_view payload,
               std::chrono::milliseconds timeout) {
  EXAMPLE(1);
}
}  // namespace osproxy
