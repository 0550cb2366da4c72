#include "osproxy/directive/thinning.h"

#include <fmt/format.h>

namespace osproxy {

std::string describe(const ThinningNotice& notice) {
  if (notice.instance_rate == 0) {
    return fmt::format("over budget: {} records/s, budget {}", notice.rate, notice.budget);
  }
  return fmt::format("instance over budget: {} records/s, {} of them this directive's, budget {}",
                     notice.instance_rate, notice.rate, notice.budget);
}

}  // namespace osproxy
