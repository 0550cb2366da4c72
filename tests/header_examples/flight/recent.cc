namespace osproxy {
void example(const FlightRecorder& recorder) { EXAMPLE(1); }
}  // namespace osproxy
