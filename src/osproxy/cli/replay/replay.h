// Sends captured requests again, one after the other, in the order of their files.
//
// Not thread-safe.
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
      headers;                        ///< replace captured ones of the same name
  std::string ca_file;                ///< empty: the system's CAs
  std::chrono::milliseconds timeout;  ///< of each request
  bool writes = false;                ///< also send requests that may change something
  bool dry_run = false;               ///< nothing is sent
};

/// The outcome of one line.
struct Replayed {
  enum class Fate : std::uint8_t {
    Sent,
    NotSent,    ///< a dry run
    Writes,     ///< skipped: it may change something
    Truncated,  ///< skipped: its body is cut off
    Odd,        ///< skipped: it cannot be sent as it was, or the line is no captured exchange
  };

  CapturedRequest request;
  Fate fate;
  std::string place{};   ///< "FILE, line 7"
  std::string reason{};  ///< a clause: why it is Odd
  int status = 0;        ///< of the new response, if it was sent
};

/// How far a replay has come.
struct ReplayProgress {
  std::size_t done;   ///< lines
  std::size_t total;  ///< lines of all files
};

struct ReplayTotals {
  std::size_t sent = 0;
  std::size_t same = 0;  ///< of those, the responses with the captured status
  std::size_t not_sent = 0;
  std::size_t writes = 0;
  std::size_t truncated = 0;
  std::size_t odd = 0;
};

/// Reads all files before it sends the first request: a file that cannot be read, or in which no
/// line is a captured exchange, is a failure, and nothing is sent. A line that is odd is skipped.
/// Stops at the first request that gets no response. Calls `tell` after each line.
std::expected<ReplayTotals, Failure> replay(
    const ReplayOptions& options,
    const std::function<void(const Replayed&, const ReplayProgress&)>& tell);

}  // namespace osproxy::cli
