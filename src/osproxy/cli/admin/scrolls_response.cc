#include "osproxy/cli/admin/scrolls_response.h"

#include <algorithm>

#include <simdjson.h>

#include "osproxy/cli/admin/json_member.h"
#include "osproxy/core/visible_text.h"

namespace osproxy::cli {
namespace {

namespace dom = simdjson::dom;

constexpr std::int64_t kMaxLeftMs = std::int64_t{1} << 43;  // in microseconds, no overflow

OpenScroll read_scroll(dom::element object) {
  return {.kind = text_of(object, "kind"),
          .is_opened_here = !text_of(object, "opened").empty(),
          .age_us = value_of<std::int64_t>(object, "age_us"),
          .unused_us = value_of<std::int64_t>(object, "unused_us"),
          .left_ms = value_of<std::int64_t>(object, "left_ms"),
          .continued = value_of<std::uint64_t>(object, "continued"),
          .index = text_of(object, "index"),
          .tenant = text_of(object, "tenant"),
          .principal = text_of(object, "principal"),
          .client = text_of(object, "client"),
          .agent = text_of(object, "agent"),
          .opaque_id = text_of(object, "opaque_id")};
}

}  // namespace

std::optional<InstanceScrolls> parse_scrolls(std::string_view body) {
  dom::parser parser;
  dom::element root;
  dom::array scrolls;
  if (parser.parse(body.data(), body.size()).get(root) != simdjson::SUCCESS ||
      root["scrolls"].get(scrolls) != simdjson::SUCCESS) {
    return std::nullopt;
  }
  InstanceScrolls found{.instance = text_of(root, "instance"),
                        .open = value_of<std::uint64_t>(root, "open"),
                        .matched = value_of<std::uint64_t>(root, "matched"),
                        .dropped = value_of<std::uint64_t>(root, "dropped"),
                        .scrolls = {},
                        .json = visible_json(simdjson::minify(root))};
  if (std::max({found.open, found.matched, found.dropped}) > kMaxCounted) return std::nullopt;
  for (const dom::element one : scrolls) {
    found.scrolls.push_back(read_scroll(one));
    const OpenScroll& read = found.scrolls.back();
    if (!is_age(read.age_us) || !is_age(read.unused_us)) return std::nullopt;
    if (read.left_ms < -kMaxLeftMs || read.left_ms > kMaxLeftMs) return std::nullopt;
  }
  return found;
}

}  // namespace osproxy::cli
