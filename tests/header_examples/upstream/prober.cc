namespace osproxy {
void example(const UpstreamOptions& options, UpstreamConnector::Dependencies network,
             UpstreamProber::Dependencies dependencies) {
  EXAMPLE(1);
}
}  // namespace osproxy
