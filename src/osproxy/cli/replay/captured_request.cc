#include "osproxy/cli/replay/captured_request.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>

#include <fmt/format.h>
#include <simdjson.h>

#include "osproxy/core/encoding.h"
#include "osproxy/core/field_name.h"

namespace osproxy::cli {
namespace {

namespace dom = simdjson::dom;

constexpr std::int64_t kVersion = 1;

/// The last part of the path of a POST that changes nothing.
constexpr std::array<std::string_view, 10> kReading = {
    "_search",      "_msearch",      "_count",   "_mget",      "_field_caps",
    "_termvectors", "_mtermvectors", "_analyze", "_rank_eval", "_search_shards"};

std::unexpected<std::string> lacks(std::string_view what) {
  return std::unexpected(
      fmt::format("it is not a captured exchange: {} is missing or wrong", what));
}

std::optional<std::string> text_of(dom::element object, std::string_view key) {
  std::string_view text;
  if (object[key].get(text) != simdjson::SUCCESS) return std::nullopt;
  return std::string(text);
}

bool read_headers(dom::element message, CapturedRequest& request) {
  dom::array headers;
  if (message["headers"].get(headers) != simdjson::SUCCESS) return false;
  for (const dom::element header : headers) {
    std::string_view name;
    std::string_view value;
    if (header.at(0).get(name) != simdjson::SUCCESS ||
        header.at(1).get(value) != simdjson::SUCCESS) {
      return false;
    }
    request.headers.emplace_back(name, value);
  }
  return true;
}

std::optional<std::string> body_of(dom::element message) {
  auto body = text_of(message, "body");
  const auto encoding = text_of(message, "body_encoding");
  if (!body || !encoding) return std::nullopt;
  if (*encoding == "utf-8") return body;
  if (*encoding == "base64") return from_base64(*body);
  return std::nullopt;
}

/// True if `text` has no control characters, which could add lines to a request.
bool is_line(std::string_view text) {
  return std::ranges::all_of(text, [](unsigned char c) { return c >= 0x20 && c != 0x7f; });
}

bool is_target(std::string_view text) {
  return text.starts_with('/') && is_line(text) && !text.contains(' ');
}

}  // namespace

std::expected<CapturedRequest, std::string> parse_captured(std::string_view line) {
  dom::parser parser;
  dom::element root;
  if (const auto failed = parser.parse(line.data(), line.size()).get(root)) {
    return std::unexpected(fmt::format("it is not JSON: {}", simdjson::error_message(failed)));
  }
  std::int64_t version = 0;
  if (root["v"].get(version) != simdjson::SUCCESS) return lacks("\"v\"");
  if (version != kVersion) {
    return std::unexpected(
        fmt::format("it has version {}, but only version {} can be read", version, kVersion));
  }
  dom::element message;
  std::int64_t status = 0;
  CapturedRequest request;
  if (root["request"].get(message) != simdjson::SUCCESS) return lacks("\"request\"");
  if (root["status"].get(status) != simdjson::SUCCESS) return lacks("\"status\"");
  request.id = text_of(root, "request_id").value_or("");
  request.method = text_of(message, "method").value_or("");
  if (!is_token(request.method)) return lacks("\"request.method\"");
  request.target = text_of(message, "target").value_or("");
  if (!is_target(request.target)) return lacks("\"request.target\"");
  if (!read_headers(message, request)) return lacks("\"request.headers\"");
  for (const auto& [name, value] : request.headers) {
    if (!is_token(name) || !is_line(value)) return lacks("one of \"request.headers\"");
  }
  auto body = body_of(message);
  if (!body) return lacks("\"request.body\" or its \"body_encoding\"");
  request.body = *std::move(body);
  if (message["truncated"].get(request.is_truncated) != simdjson::SUCCESS) {
    return lacks("\"request.truncated\"");
  }
  request.status = static_cast<int>(status);
  return request;
}

bool only_reads(const CapturedRequest& request) {
  if (request.method == "GET" || request.method == "HEAD" || request.method == "OPTIONS") {
    return true;
  }
  if (request.method != "POST") return false;
  std::string_view path = std::string_view(request.target).substr(0, request.target.find('?'));
  constexpr std::string_view kTemplate = "/template";
  if (path.ends_with(kTemplate)) path.remove_suffix(kTemplate.size());
  return std::ranges::find(kReading, path.substr(path.rfind('/') + 1)) != kReading.end();
}

}  // namespace osproxy::cli
