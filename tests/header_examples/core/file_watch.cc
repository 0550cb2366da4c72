namespace osproxy {
void read_files();
void example() { EXAMPLE(1); }
}  // namespace osproxy
