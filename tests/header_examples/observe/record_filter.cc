using namespace std::chrono_literals;
namespace osproxy {
void print(const Record& record);
void example(const Record& record) { EXAMPLE(1); }
}  // namespace osproxy
