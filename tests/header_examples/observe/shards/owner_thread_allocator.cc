namespace osproxy {
void example(Record made) { EXAMPLE(1); }
}  // namespace osproxy
