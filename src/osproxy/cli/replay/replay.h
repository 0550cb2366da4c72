// Sends captured requests again, in the order of their files, one after the other.
//
// Thread safety: none; one call at a time.
#pragma once

#include <chrono>
#include <cstddef>
#include <expected>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "osproxy/cli/replay/captured_request.h"
#include "osproxy/cli/run/exit_code.h"
#include "osproxy/core/address.h"

namespace osproxy::cli {

struct ReplayOptions {
  std::vector<std::string> files;
  Origin to;
  std::vector<std::pair<std::string, std::string>> headers;  ///< these go over the captured ones
  std::string ca_file;                                       ///< empty: the system's CAs
  std::chrono::milliseconds timeout;                         ///< of each request
  bool writes = false;                                       ///< also those that change something
  bool dry_run = false;                                      ///< nothing is sent
};

/// What became of one line.
struct Replayed {
  enum class Fate : std::uint8_t {
    Sent,
    NotSent,    ///< a dry run
    Writes,     ///< left out: it may change something
    Truncated,  ///< left out: its body is not all there
  };

  CapturedRequest request;
  Fate fate;
  int status = 0;  ///< the response's now, if it was sent
};

struct ReplayTotals {
  std::size_t sent = 0;
  std::size_t same = 0;  ///< of those, answered with the status of then
  std::size_t not_sent = 0;
  std::size_t writes = 0;
  std::size_t truncated = 0;
};

/// Reads all files before the first request is sent: a line that is none, named by file and line,
/// is a failure, and nothing is sent. Stops at the first request that has no response. `tell` is
/// called after each line.
std::expected<ReplayTotals, Failure> replay(const ReplayOptions& options,
                                            const std::function<void(const Replayed&)>& tell);

}  // namespace osproxy::cli
