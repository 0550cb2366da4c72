namespace osproxy::admin {
std::optional<Response> example() {
  EXAMPLE(1);
  return std::nullopt;
}
}  // namespace osproxy::admin
