#include "osproxy/directive/decode.h"

namespace osproxy {
void example(std::string_view bytes, const Clock& clock, const Attributes& attributes,
             std::string_view request_id, const Outcome& outcome) {
  EXAMPLE(1);
}
}  // namespace osproxy
