namespace osproxy {
std::size_t keep(double weight);
void example(BootTime now) { EXAMPLE(1); }
}  // namespace osproxy
