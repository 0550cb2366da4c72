#include "osproxy/directive/life.h"

namespace osproxy {
void example(const DirectiveUsage& usage, void (*show)(std::string, WallTime)) { EXAMPLE(1); }
}  // namespace osproxy
