#include "osproxy/directive/directive_set.h"

namespace osproxy {
void example(DirectiveSet::Pointer initial, DirectiveSet::Pointer next) { EXAMPLE(1); }
}  // namespace osproxy
