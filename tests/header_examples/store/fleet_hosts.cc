namespace osproxy {
void fail(const std::string& reason);
void example() { EXAMPLE(1); }
}  // namespace osproxy
