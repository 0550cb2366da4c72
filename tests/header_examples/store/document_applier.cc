namespace osproxy {
void example(std::string_view bytes, std::int64_t revision, const DecodeLimits& limits,
             const Clock& clock) {
  EXAMPLE(1);
}
}  // namespace osproxy
