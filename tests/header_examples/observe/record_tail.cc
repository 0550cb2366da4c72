#include "osproxy/observe/observer.h"

namespace osproxy {
void example(std::size_t workers) { EXAMPLE(1); }
}  // namespace osproxy
