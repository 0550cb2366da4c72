namespace osproxy {
void fail(const std::string& reason);
void trust();
void show(std::string_view text);
void example() { EXAMPLE(1); }
}  // namespace osproxy
