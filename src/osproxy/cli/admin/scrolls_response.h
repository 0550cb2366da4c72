// Parses GET /admin/inflight?scrolls=true. Another process wrote it, so a missing member is empty
// and a malformed response is nullopt.
//
// Pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace osproxy::cli {

/// One open scroll or point in time.
struct OpenScroll {
  std::string kind;
  bool is_opened_here = false;  ///< else nobody knows who opened it
  std::int64_t age_us = 0;
  std::int64_t unused_us = 0;
  std::int64_t left_ms = 0;
  std::uint64_t continued = 0;
  std::string index;
  std::string tenant;
  std::string principal;
  std::string client;
  std::string agent;
  std::string opaque_id;
};

struct InstanceScrolls {
  std::string instance;
  std::uint64_t open = 0;
  std::uint64_t matched = 0;
  std::uint64_t dropped = 0;
  std::vector<OpenScroll> scrolls;
  std::string json;  ///< the whole response, minified
};

std::optional<InstanceScrolls> parse_scrolls(std::string_view body);

}  // namespace osproxy::cli
