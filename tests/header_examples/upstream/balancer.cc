namespace osproxy {
void example(const TriedNodes& tried, UpstreamBalancer::Time now) { EXAMPLE(1); }
}  // namespace osproxy
