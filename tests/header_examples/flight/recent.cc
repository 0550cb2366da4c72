namespace osproxy {

using namespace std::chrono_literals;

void example(const FlightRecorder& recorder, BootTime now) { EXAMPLE(1); }

}  // namespace osproxy
