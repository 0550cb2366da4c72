namespace osproxy {
void example(Socket& socket) {
  using namespace std::chrono_literals;
  EXAMPLE(1);
}
}  // namespace osproxy
