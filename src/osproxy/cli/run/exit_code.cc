#include "osproxy/cli/run/exit_code.h"

#include <utility>

namespace osproxy::cli {

Failure output_failure() { return {ExitCode::Failed, ""}; }

Failure to_failure(const PublishError& error) {
  switch (error.kind) {
    case PublishError::Kind::Rejected:
      return {ExitCode::Rejected, error.message};
    case PublishError::Kind::Conflict:
      return {ExitCode::Conflict, error.message};
    case PublishError::Kind::Unavailable:
      return {ExitCode::Unreachable, error.message};
  }
  std::unreachable();
}

Failure to_failure(const HistoryError& error) {
  switch (error.kind) {
    case HistoryError::Kind::NotKept:
    case HistoryError::Kind::Unreadable:
      return {ExitCode::Failed, error.message};
    case HistoryError::Kind::NotFound:
      return {ExitCode::NotFound, error.message};
    case HistoryError::Kind::Unavailable:
      return {ExitCode::Unreachable, error.message};
  }
  std::unreachable();
}

}  // namespace osproxy::cli
