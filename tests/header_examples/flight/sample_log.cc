namespace osproxy {
using namespace std::chrono_literals;
void print(const SampleWeight& weight, std::span<const std::byte> packed);
void example(Now now, const Record& record) { EXAMPLE(1); }
}  // namespace osproxy
