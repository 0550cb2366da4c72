namespace osproxy {
void example(const Record& record) { EXAMPLE(1); }
}  // namespace osproxy
