namespace osproxy {
void show(std::string_view text);
void example(const http::RequestHead& head, const IpAddress& proxy, std::span<const Cidr> trusted) {
  EXAMPLE(1);
}
}  // namespace osproxy
