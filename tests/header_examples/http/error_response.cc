namespace osproxy::http {
void example() { EXAMPLE(1); }
}  // namespace osproxy::http
