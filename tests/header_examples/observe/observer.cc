#include "osproxy/observe/record_log.h"

namespace osproxy {
void example(RecordLog& record_log, std::size_t workers, std::size_t i,
             std::string_view request_id) {
  EXAMPLE(1);
}
}  // namespace osproxy
