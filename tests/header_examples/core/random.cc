namespace osproxy {
void example(std::uint64_t ceiling) { EXAMPLE(1); }
}  // namespace osproxy
