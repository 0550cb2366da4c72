namespace osproxy::app {
using namespace std::chrono_literals;
void end_now(const std::string& reason);
void serve();
void example() { EXAMPLE(1); }
}  // namespace osproxy::app
