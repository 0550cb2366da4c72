namespace osproxy {
void fail(const std::string& reason);
void print(std::string_view name);
void example(std::string_view text, std::string_view token) { EXAMPLE(1); }
}  // namespace osproxy
