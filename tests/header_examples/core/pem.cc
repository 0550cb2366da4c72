namespace osproxy {
void example(std::string_view pem, std::string_view other_pem, void (*fail)(std::string)) {
  EXAMPLE(1);
}
}  // namespace osproxy
