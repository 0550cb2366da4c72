namespace osproxy {
void example(std::string_view key_file_text, const Clock& clock,
             decltype(SignedDirective::expires) soon, std::chrono::seconds max_life,
             void (*count)(SignedFault)) {
  EXAMPLE(1);
}
}  // namespace osproxy
