#include "osproxy/store/directive_store.h"

namespace osproxy {
void example(const Observer& observer, const DirectiveStore& store, const Clock& clock) {
  EXAMPLE(1);
}
}  // namespace osproxy
