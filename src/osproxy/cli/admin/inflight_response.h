// Parses GET /admin/inflight.
//
// Pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace osproxy::cli {

/// A request under way. Texts are as the instance sent them; an absent one is empty.
/// Members: the fields of the response.
struct InflightRequest {
  std::string request_id;
  std::int64_t age_us = 0;
  std::string stage;
  std::string endpoint;
  bool by_query = false;
  std::string index;
  std::string tenant;
  std::string principal;
  std::string client;
  std::string agent;
  std::string opaque_id;
  std::string node;
  bool node_tls = false;
  bool adds_opaque_id = false;
  std::uint64_t request_bytes = 0;
  std::uint64_t response_bytes = 0;
};

struct InstanceInflight {
  std::string instance;
  std::uint64_t running = 0;
  std::uint64_t matched = 0;
  std::vector<std::uint64_t> silent_workers;
  std::vector<InflightRequest> requests;
  std::string json;  ///< the whole response, minified
};

/// nullopt if `body` is not such a response.
std::optional<InstanceInflight> parse_inflight(std::string_view body);

}  // namespace osproxy::cli
