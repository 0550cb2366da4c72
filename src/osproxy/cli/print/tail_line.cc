#include "osproxy/cli/print/tail_line.h"

#include <fmt/format.h>
#include <simdjson.h>

#include "osproxy/cli/print/text.h"
#include "osproxy/core/rfc3339.h"

namespace osproxy::cli {
namespace {

namespace dom = simdjson::dom;

template <class T>
T value_or(dom::element object, std::string_view pointer, T otherwise) {
  T value{};
  return object.at_pointer(pointer).get(value) == simdjson::SUCCESS ? value : otherwise;
}

std::string text_or_dash(dom::element object, std::string_view pointer) {
  return printable(value_or<std::string_view>(object, pointer, "-"));
}

// Rounded, to be read at a glance.
std::string short_duration(std::uint64_t microseconds) {
  const auto us = static_cast<double>(microseconds);
  if (microseconds >= 1'000'000) return fmt::format("{:.2f}s", us / 1e6);
  if (microseconds >= 1'000) return fmt::format("{:.0f}ms", us / 1e3);
  return fmt::format("{}us", microseconds);
}

std::string duration_or_dash(dom::element record, std::string_view pointer) {
  std::uint64_t us = 0;
  return record.at_pointer(pointer).get(us) == simdjson::SUCCESS ? short_duration(us) : "-";
}

// `14:22:31` of `2026-11-24T14:22:31.104Z`.
std::string time_of_day(std::string_view time) {
  constexpr std::size_t kAt = 11;
  return time.size() > kAt + 8 ? printable(time.substr(kAt, 8)) : "-";
}

std::string status_of(dom::element record) {
  std::int64_t status = 0;
  return record["status"].get(status) == simdjson::SUCCESS ? std::to_string(status) : "-";
}

// The fields that are shown only if they are present.
std::string rest_of(dom::element record) {
  std::string rest;
  if (const std::string time = duration_or_dash(record, "/times/first_byte_us"); time != "-") {
    rest += " upstream=" + time;
  }
  if (!value_or<std::string_view>(record, "/upstream", "").empty()) {
    rest += value_or(record, "/connection_reused", false) ? " pool=hit" : " pool=miss";
  }
  if (const auto retries = value_or<std::int64_t>(record, "/retries", 0); retries > 0) {
    rest += fmt::format(" retries={}", retries);
  }
  if (const auto failed = value_or<std::uint64_t>(record, "/response/failed_items", 0);
      failed > 0) {
    rest += fmt::format(" failed_items={}", failed);
  }
  if (const auto error = value_or<std::string_view>(record, "/error", ""); !error.empty()) {
    rest += " error=" + printable(error);
  }
  return rest;
}

std::string text_of_event(std::string_view data, std::string_view pointer) {
  dom::parser parser;
  dom::element root;
  if (parser.parse(data.data(), data.size()).get(root) != simdjson::SUCCESS) return "";
  return std::string(value_or<std::string_view>(root, pointer, ""));
}

}  // namespace

std::optional<std::string> tail_line(std::string_view instance, std::string_view record) {
  dom::parser parser;
  dom::element root;
  std::string_view id;
  if (parser.parse(record.data(), record.size()).get(root) != simdjson::SUCCESS ||
      root["request_id"].get(id) != simdjson::SUCCESS) {
    return std::nullopt;
  }
  return fmt::format("{} {} {} {} {} {} {}{}",
                     time_of_day(value_or<std::string_view>(root, "/started", "")),
                     printable(instance), printable(id), text_or_dash(root, "/endpoint"),
                     text_or_dash(root, "/index"), status_of(root),
                     duration_or_dash(root, "/times/total_us"), rest_of(root));
}

std::string instance_of_event(std::string_view data) { return text_of_event(data, "/instance"); }

std::string reason_of_event(std::string_view data) { return text_of_event(data, "/reason"); }

std::optional<WallTime> end_of_event(std::string_view data) {
  dom::parser parser;
  dom::element root;
  if (parser.parse(data.data(), data.size()).get(root) != simdjson::SUCCESS) return std::nullopt;
  return parse_rfc3339_utc(value_or<std::string_view>(root, "/expires_at", ""));
}

std::uint64_t count_of_event(std::string_view data) {
  dom::parser parser;
  dom::element root;
  if (parser.parse(data.data(), data.size()).get(root) != simdjson::SUCCESS) return 0;
  return value_or<std::uint64_t>(root, "/count", 0);
}

}  // namespace osproxy::cli
