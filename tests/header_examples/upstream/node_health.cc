namespace osproxy {
void show(NodeFault fault);
void wait(std::chrono::milliseconds time);
void example(Random& random) {
  using namespace std::chrono_literals;
  EXAMPLE(1);
}
}  // namespace osproxy
