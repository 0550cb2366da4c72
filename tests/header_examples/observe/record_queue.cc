using namespace std::chrono_literals;
namespace osproxy {
void write(const Record& record);
void example(const RecordPointer& record, int dropped, const std::stop_token& stop) { EXAMPLE(1); }
}  // namespace osproxy
