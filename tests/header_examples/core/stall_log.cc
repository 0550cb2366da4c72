namespace osproxy {
void example(BootTime now, BootTime expected, BootTime started) { EXAMPLE(1); }
}  // namespace osproxy
