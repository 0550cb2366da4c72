namespace osproxy::otlp {
void log(const std::string& warning);
void example(const Environment& environment) { EXAMPLE(1); }
}  // namespace osproxy::otlp
