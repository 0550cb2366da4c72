namespace osproxy {
void example(const CaptureRules& rules, std::string_view piece) { EXAMPLE(1); }
}  // namespace osproxy
