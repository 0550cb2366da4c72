#include <vector>

namespace osproxy {
Task<> example(const Executor& executor, std::vector<Wakeup*>& sleepers) { EXAMPLE(1); }
}  // namespace osproxy
