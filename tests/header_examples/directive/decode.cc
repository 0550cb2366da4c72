namespace osproxy {
void example(std::string_view bytes,
             void (*log)(std::string_view, std::string_view, const std::string&)) {
  EXAMPLE(1);
}
}  // namespace osproxy
