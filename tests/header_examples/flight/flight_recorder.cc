namespace osproxy {
using namespace std::chrono_literals;
Record make_record();
void use(const Sample& sample);
void example(std::size_t workers, std::size_t i, bool is_notable, BootTime started, BootTime ended,
             BootTime now) {
  EXAMPLE(1);
}
}  // namespace osproxy
