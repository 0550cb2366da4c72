namespace osproxy::app {
using namespace std::chrono_literals;
void cancel();
void end_now(const std::string& reason);
void fail_now(const std::string& reason);
void start();
void serve();
void example() { EXAMPLE(1); }
}  // namespace osproxy::app
