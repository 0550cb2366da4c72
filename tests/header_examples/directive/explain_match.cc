namespace osproxy {
void example(const CompiledDirective& compiled, const Attributes& attributes, Now started,
             std::string_view request_id, const Outcome& outcome, void (*show)(std::string_view)) {
  EXAMPLE(1);
}
}  // namespace osproxy
