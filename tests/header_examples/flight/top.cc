namespace osproxy {
void print(const TopRow& row);
void example(const FlightRecorder& recorder, BootTime from,
             const TopResult& table_of_another_instance) {
  EXAMPLE(1);
}
}  // namespace osproxy
