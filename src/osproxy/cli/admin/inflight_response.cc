#include "osproxy/cli/admin/inflight_response.h"

#include <simdjson.h>

#include "osproxy/cli/admin/json_member.h"
#include "osproxy/core/visible_text.h"

namespace osproxy::cli {
namespace {

namespace dom = simdjson::dom;

InflightRequest read_request(dom::element object) {
  return {.request_id = text_of(object, "request_id"),
          .age_us = value_of<std::int64_t>(object, "age_us"),
          .stage = text_of(object, "stage"),
          .endpoint = text_of(object, "endpoint"),
          .by_query = value_of<bool>(object, "by_query"),
          .index = text_of(object, "index"),
          .tenant = text_of(object, "tenant"),
          .principal = text_of(object, "principal"),
          .client = text_of(object, "client"),
          .agent = text_of(object, "agent"),
          .opaque_id = text_of(object, "opaque_id"),
          .node = text_of(object, "node"),
          .node_tls = value_of<bool>(object, "node_tls"),
          .adds_opaque_id = value_of<bool>(object, "adds_opaque_id"),
          .request_bytes = value_of<std::uint64_t>(object, "request_bytes"),
          .response_bytes = value_of<std::uint64_t>(object, "response_bytes")};
}

}  // namespace

std::optional<InstanceInflight> parse_inflight(std::string_view body) {
  dom::parser parser;
  dom::element root;
  dom::array requests;
  if (parser.parse(body.data(), body.size()).get(root) != simdjson::SUCCESS ||
      root["requests"].get(requests) != simdjson::SUCCESS) {
    return std::nullopt;
  }
  InstanceInflight inflight{.instance = text_of(root, "instance"),
                            .running = value_of<std::uint64_t>(root, "running"),
                            .matched = value_of<std::uint64_t>(root, "matched"),
                            .silent_workers = {},
                            .requests = {},
                            .json = visible_json(simdjson::minify(root))};
  if (inflight.running > kMaxCounted || inflight.matched > kMaxCounted) return std::nullopt;
  for (const dom::element one : requests) {
    inflight.requests.push_back(read_request(one));
    if (!is_age(inflight.requests.back().age_us)) return std::nullopt;
  }
  dom::array silent;
  if (root["silent_workers"].get(silent) == simdjson::SUCCESS) {
    for (const dom::element one : silent) {
      std::uint64_t number = 0;
      if (one.get(number) == simdjson::SUCCESS) inflight.silent_workers.push_back(number);
    }
  }
  return inflight;
}

}  // namespace osproxy::cli
