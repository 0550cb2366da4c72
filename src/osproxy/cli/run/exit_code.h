// How a command ended, for scripts, and the failure that goes with it. docs/osproxyctl.md lists
// the codes; they are a published format.
#pragma once

#include <cstdint>
#include <string>

#include "osproxy/store/publisher.h"

namespace osproxy::cli {

enum class ExitCode : std::uint8_t {
  Done = 0,
  Failed = 1,       ///< it ran, and the response is no: not synced, the id is taken, ...
  Usage = 2,        ///< a flag, a variable or an argument is wrong; nothing was sent
  Rejected = 3,     ///< a document was refused by the decoder
  Conflict = 4,     ///< somebody else published in between, more often than we retry
  Unreachable = 5,  ///< no response, or none that makes sense, from etcd or an instance
  NotFound = 6,     ///< no directive or record has that id
};

/// Why a command stopped. `message` is for a person and goes to stderr; empty if all has been said.
struct Failure {
  ExitCode code;
  std::string message;

  friend bool operator==(const Failure&, const Failure&) = default;
};

/// The failure that a publisher's error means.
Failure to_failure(const PublishError& error);

}  // namespace osproxy::cli
