namespace osproxy {
void example(void (*fail)(std::string)) { EXAMPLE(1); }
}  // namespace osproxy
