#include "osproxy/store/memory_directive_store.h"

namespace osproxy {
void example(MemoryDirectiveStore& store, const Observer& observer, const Clock& clock,
             void (*fail)(std::string)) {
  EXAMPLE(1);
}
}  // namespace osproxy
