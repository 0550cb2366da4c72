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
  std::vector<std::pair<std::string, std::string>>
      headers;                        ///< replace captured headers of these names
  std::string ca_file;                ///< empty: the system's CAs
  std::chrono::milliseconds timeout;  ///< of each request
  bool writes = false;                ///< also send requests that change data
  bool dry_run = false;               ///< send nothing
};

/// The result of one line.
struct Replayed {
  enum class Fate : std::uint8_t {
    Sent,
    NotSent,    ///< a dry run
    Writes,     ///< left out: it may change data
    Truncated,  ///< left out: its body is not all there
  };

  CapturedRequest request;
  Fate fate;
  int status = 0;  ///< of the new response, if the request was sent
};

struct ReplayTotals {
  std::size_t sent = 0;
  std::size_t same = 0;  ///< of those: with the captured status
  std::size_t not_sent = 0;
  std::size_t writes = 0;
  std::size_t truncated = 0;
};

/// Reads all files before it sends the first request: a malformed line is a failure, which names
/// file and line, and nothing is sent. Stops at the first request without a response. Calls `tell`
/// after each line.
std::expected<ReplayTotals, Failure> replay(const ReplayOptions& options,
                                            const std::function<void(const Replayed&)>& tell);

}  // namespace osproxy::cli
