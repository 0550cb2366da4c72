namespace osproxy {
std::string example() { EXAMPLE(1); }
}  // namespace osproxy
