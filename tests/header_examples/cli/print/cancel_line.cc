namespace osproxy::cli {
void example() { EXAMPLE(1); }
}  // namespace osproxy::cli
