namespace osproxy {
void example(const TopReport& report) { EXAMPLE(1); }
}  // namespace osproxy
