namespace osproxy {
ClientKey example(const IpAddress& address) {
  EXAMPLE(1);
  return key;
}
}  // namespace osproxy
