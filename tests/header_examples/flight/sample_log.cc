namespace osproxy {
using namespace std::chrono_literals;
void example(Now now, const Record& record) {
  const auto use = [](const SampleWeight&, std::span<const std::byte>) {};
  EXAMPLE(1);
}
}  // namespace osproxy
