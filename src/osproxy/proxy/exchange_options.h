// The settings of an exchange. Plain values; a leaf header. The defaults are in server_options.h.
#pragma once

#include <chrono>
#include <cstdint>
#include <limits>
#include <string>

#include "osproxy/http/head.h"

namespace osproxy {

/// Longer than any process runs, and short enough to be added to any time.
inline constexpr std::chrono::milliseconds kNoTimeLimit = std::chrono::years(10);

struct ExchangeOptions {
  http::HeadLimits limits{};                                           ///< of a response's head
  std::uint64_t max_body = std::numeric_limits<std::uint64_t>::max();  ///< of a request; else 413
  std::chrono::milliseconds response_timeout{};  ///< to the first byte of a response, never 0
  std::chrono::milliseconds
      transfer_timeout{};  ///< without progress in a body, and for a response head
  std::chrono::milliseconds request_timeout{};     ///< for an exchange, head to end; 0: none
  std::chrono::milliseconds half_close_timeout{};  ///< see exchange_watch.h
  std::uint64_t min_client_rate = 0;               ///< bytes per second, either way; 0: any
  std::string publish_address{};                   ///< see published_address.h; empty: off
};

}  // namespace osproxy
