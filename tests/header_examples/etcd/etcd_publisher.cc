namespace osproxy {
void example(std::string_view bytes, const Clock& clock) { EXAMPLE(1); }
}  // namespace osproxy
