namespace osproxy::admin {
void print(const std::string& text);
void example() { EXAMPLE(1); }
}  // namespace osproxy::admin
