namespace osproxy {
void wait();
void connect();
void example(UpstreamStats& stats, std::size_t node, std::size_t& held) { EXAMPLE(1); }
}  // namespace osproxy
