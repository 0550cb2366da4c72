#include "osproxy/directive/decode.h"
#include "osproxy/directive/encode.h"

namespace osproxy {
void example(std::string_view published) { EXAMPLE(1); }
}  // namespace osproxy
