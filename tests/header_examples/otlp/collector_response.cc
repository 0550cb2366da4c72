namespace osproxy::otlp {
void example(std::string_view body, std::string_view status_details, WallTime now) { EXAMPLE(1); }
}  // namespace osproxy::otlp
