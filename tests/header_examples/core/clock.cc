namespace osproxy {
void example(const Clock& clock, WallTime expires_at, BootTime latest_end) { EXAMPLE(1); }
}  // namespace osproxy
