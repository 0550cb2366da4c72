#include "osproxy/directive/encode.h"
#include "osproxy/store/publisher.h"

namespace osproxy {
void example(const Document& current, const Document& then, WallTime now, std::int64_t revision,
             const std::function<WallTime(const Directive&)>& first_seen, const ChangeNote& note,
             DirectivePublisher& publisher) {
  EXAMPLE(1);
}
}  // namespace osproxy
