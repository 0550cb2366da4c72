#include "osproxy/store/publisher.h"

namespace osproxy {
void example(DirectivePublisher& publisher, std::string_view bytes, std::int64_t revision) {
  EXAMPLE(1);
}
}  // namespace osproxy
