#include "osproxy/app/logs/ack_log.h"

#include <spdlog/spdlog.h>

namespace osproxy::app {

void AckLog::update(const AckStatus& status) {
  switch (status.state) {
    case AckState::Off:
    case AckState::Pending:
      return;
    case AckState::Written:
      if (last_ != status.state) spdlog::info("the ack of this instance is written");
      break;
    case AckState::NameTaken:
    case AckState::NotPermitted:
    case AckState::Failing:
      if (last_ != status.state) {
        spdlog::warn(
            "the ack of this instance cannot be written ({}): {}; the directives are not "
            "affected, but the fleet does not show this instance",
            to_string(status.state), status.reason);
      }
      break;
  }
  last_ = status.state;
}

}  // namespace osproxy::app
