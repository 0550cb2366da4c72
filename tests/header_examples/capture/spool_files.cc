namespace osproxy {
void fail(const std::string& reason);
void example(const std::string& line) { EXAMPLE(1); }
}  // namespace osproxy
