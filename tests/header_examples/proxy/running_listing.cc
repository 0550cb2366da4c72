#include <memory>
namespace osproxy {
void example(const RunningQuery& query, std::size_t workers, const RunningRequests& part) {
  using namespace std::chrono_literals;
  EXAMPLE(1);
}
}  // namespace osproxy
