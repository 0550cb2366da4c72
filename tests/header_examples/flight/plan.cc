namespace osproxy {
using namespace std::chrono_literals;
void print(double recorded, const std::vector<std::string>& hints);
void example(const FlightRecorder& recorder, const Directive& directive, BootTime now) {
  EXAMPLE(1);
}
}  // namespace osproxy
