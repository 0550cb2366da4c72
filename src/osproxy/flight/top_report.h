// The response of GET /admin/top: one instance's table, and what it covers.
//
//   std::string json = encode_top_report(report);
//   std::expected<TopReport, std::string> same = decode_top_report(json);
//
// Pure functions.
#pragma once

#include <chrono>
#include <expected>
#include <string>
#include <string_view>

#include "osproxy/flight/top.h"

namespace osproxy {

/// A regular value.
struct TopReport {
  std::string instance;
  std::chrono::seconds window{0};   ///< the time that the instance keeps samples for
  std::chrono::seconds last{0};     ///< the time that `now` sums over
  std::chrono::seconds against{0};  ///< the time before it that `before` sums over; 0: none
  /// The time until now of which all samples are still held: less than last and against together if
  /// the instance has started since, or has no room for more.
  std::chrono::seconds covered{0};
  TopQuery query;
  TopResult result;

  friend bool operator==(const TopReport&, const TopReport&) = default;
};

std::string encode_top_report(const TopReport& report);

/// The error is a clause: why `json` is no such report, or which of its numbers is none that an
/// instance can have counted (report_reader.h).
std::expected<TopReport, std::string> decode_top_report(std::string_view json);

}  // namespace osproxy
