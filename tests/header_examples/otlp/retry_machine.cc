namespace osproxy::otlp {
void example(const ExportResult& result, BootTime now) { EXAMPLE(1); }
}  // namespace osproxy::otlp
