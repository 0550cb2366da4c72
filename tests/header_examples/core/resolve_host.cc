namespace osproxy {
void use(const std::vector<ResolvedAddress>& addresses);
void example() { EXAMPLE(1); }
}  // namespace osproxy
