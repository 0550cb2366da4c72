#include "osproxy/etcd/watch_counters.h"

#include <utility>

namespace osproxy {

std::string_view to_string(CancelClass cancel) noexcept {
  switch (cancel) {
    case CancelClass::Compacted:
      return "compacted";
    case CancelClass::Permission:
      return "permission";
    case CancelClass::NoLeader:
      return "no_leader";
    case CancelClass::Other:
      return "other";
  }
  std::unreachable();
}

}  // namespace osproxy
