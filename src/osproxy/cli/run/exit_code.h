// The exit codes of the commands, and the failure that a command ends with. The codes are a
// published format for scripts; docs/osproxyctl.md lists them.
#pragma once

#include <cstdint>
#include <string>

#include "osproxy/store/history.h"
#include "osproxy/store/publisher.h"

namespace osproxy::cli {

enum class ExitCode : std::uint8_t {
  Done = 0,
  Failed = 1,       ///< the command ran, with a bad result: not synced, the id is taken, …
  Usage = 2,        ///< a flag, a variable or an argument is wrong; nothing was sent
  Rejected = 3,     ///< the decoder rejected a document
  Conflict = 4,     ///< others published in between, more often than the command retries
  Unreachable = 5,  ///< etcd or an instance gave no response, or an invalid one
  NotFound = 6,     ///< no directive or record has that id
  NotApplied = 7,   ///< published, and not every instance of the fleet is known to have applied it
};

/// Why a command stopped. `message` is for a person and goes to stderr; empty: nothing to add.
struct Failure {
  ExitCode code;
  std::string message;

  friend bool operator==(const Failure&, const Failure&) = default;
};

/// Standard output takes no more. run() adds the message.
Failure output_failure();

/// Translates a publisher's error, and that of the history.
Failure to_failure(const PublishError& error);
Failure to_failure(const HistoryError& error);

}  // namespace osproxy::cli
