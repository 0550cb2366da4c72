#include "osproxy/admin/message.h"

namespace osproxy::admin {
struct Wanted {
  std::size_t limit = 1;
};
void example(const Request& request) { EXAMPLE(1); }
}  // namespace osproxy::admin
