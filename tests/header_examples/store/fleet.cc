namespace osproxy {
void example(FleetReader& reader, void (*fail)(std::string),
             void (*show)(std::string, std::string)) {
  EXAMPLE(1);
}
}  // namespace osproxy
