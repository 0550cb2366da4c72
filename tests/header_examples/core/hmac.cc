namespace osproxy {
void example(std::string_view key, std::string_view message, std::string_view presented,
             void (*refuse)()) {
  EXAMPLE(1);
}
}  // namespace osproxy
