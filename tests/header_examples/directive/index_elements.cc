namespace osproxy {
void example(void (*show)(std::string_view)) { EXAMPLE(1); }
}  // namespace osproxy
