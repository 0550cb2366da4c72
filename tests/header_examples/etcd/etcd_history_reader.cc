namespace osproxy {
void example(const Clock& clock) { EXAMPLE(1); }
}  // namespace osproxy
