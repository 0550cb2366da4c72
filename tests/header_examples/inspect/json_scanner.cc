namespace osproxy {
void example(std::string_view piece) { EXAMPLE(1); }
}  // namespace osproxy
