namespace osproxy {
void example(const TopReport& first, const TopReport& second) { EXAMPLE(1); }
}  // namespace osproxy
