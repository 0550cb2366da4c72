namespace osproxy {
void log(const std::string& line);
void example() { EXAMPLE(1); }
}  // namespace osproxy
