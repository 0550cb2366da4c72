namespace osproxy {
void use(const Cidr& block);
void example(const std::vector<Cidr>& blocks, const IpAddress& address) { EXAMPLE(1); }
}  // namespace osproxy
