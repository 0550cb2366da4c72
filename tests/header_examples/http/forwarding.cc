namespace osproxy::http {
void example(const ForwardingOptions& options, const IpAddress& peer, const RequestHead& head,
             std::string& out) {
  EXAMPLE(1);
}
}  // namespace osproxy::http
