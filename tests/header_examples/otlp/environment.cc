namespace osproxy::otlp {
void example(const Environment& environment, void (*fail)(std::string)) { EXAMPLE(1); }
}  // namespace osproxy::otlp
