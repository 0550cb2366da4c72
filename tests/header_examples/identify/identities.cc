namespace osproxy {
void fail(const std::string& reason);
void print(std::string_view name);
void example(std::string_view token_file) { EXAMPLE(1); }
}  // namespace osproxy
