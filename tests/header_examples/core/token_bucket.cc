namespace osproxy {
void example(const Clock& clock, void (*refuse)()) { EXAMPLE(1); }
}  // namespace osproxy
