namespace osproxy {
void example(const WhyReport& report) { EXAMPLE(1); }
}  // namespace osproxy
