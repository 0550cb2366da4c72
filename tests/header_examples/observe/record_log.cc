#include "osproxy/observe/observer.h"

namespace osproxy {
void fail(const std::string& reason);
void example(std::size_t workers) { EXAMPLE(1); }
}  // namespace osproxy
