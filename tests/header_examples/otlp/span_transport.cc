namespace osproxy::otlp {
using namespace std::chrono_literals;
void example(const TransportOptions& options, const Clock& clock, const std::string& request,
             std::stop_token stop, void (*fail)(std::string)) {
  EXAMPLE(1);
}
}  // namespace osproxy::otlp
