namespace osproxy {
void example(std::string_view value, Random& random, std::string& head) { EXAMPLE(1); }
}  // namespace osproxy
