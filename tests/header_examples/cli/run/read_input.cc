namespace osproxy::cli {
std::expected<std::string, Failure> example(Environment& environment) {
  EXAMPLE(1);
  return bytes;
}
}  // namespace osproxy::cli
