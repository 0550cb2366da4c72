#include "osproxy/core/clock.h"

namespace osproxy::http {
void example(const Clock& clock, std::string& out) { EXAMPLE(1); }
}  // namespace osproxy::http
