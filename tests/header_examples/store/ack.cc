namespace osproxy {
void example(void (*show)(std::string)) { EXAMPLE(1); }
}  // namespace osproxy
