namespace osproxy::otlp {
void example(const TransportOptions& options) { EXAMPLE(1); }
}  // namespace osproxy::otlp
