#include "osproxy/observe/observer.h"

namespace osproxy {
void example(const DirectiveSet& set, const Observer& observer, const Clock& clock) { EXAMPLE(1); }
}  // namespace osproxy
