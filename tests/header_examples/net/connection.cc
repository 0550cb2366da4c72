namespace osproxy {
Task<> example(Connection& connection, std::chrono::milliseconds timeout) { EXAMPLE(1); }
}  // namespace osproxy
