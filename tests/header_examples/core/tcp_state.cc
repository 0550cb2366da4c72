namespace osproxy {
void example(int socket, std::uint64_t before, void (*stop)()) { EXAMPLE(1); }
}  // namespace osproxy
