namespace osproxy {
void example(const Clock& clock, BootTime started) { EXAMPLE(1); }
}  // namespace osproxy
