namespace osproxy {
void example(std::string_view document) { EXAMPLE(1); }
}  // namespace osproxy
