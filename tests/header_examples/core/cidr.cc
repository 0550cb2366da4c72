namespace osproxy {
void fail(const std::string& reason);
void trust();
void example() { EXAMPLE(1); }
}  // namespace osproxy
