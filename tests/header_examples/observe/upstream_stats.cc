namespace osproxy {
void print(const UpstreamNode& node);
void example(std::size_t workers, std::size_t worker, const Clock& clock) { EXAMPLE(1); }
}  // namespace osproxy
