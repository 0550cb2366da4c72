namespace osproxy {
void example(std::size_t size, std::size_t bound) { EXAMPLE(1); }
}  // namespace osproxy
