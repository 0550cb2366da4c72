#include "osproxy/cli/replay/captured_request.h"

#include <algorithm>
#include <cstdint>
#include <optional>

#include <fmt/format.h>
#include <simdjson.h>

#include "osproxy/core/encoding.h"
#include "osproxy/core/field_name.h"
#include "osproxy/identify/classify.h"

namespace osproxy::cli {
namespace {

namespace dom = simdjson::dom;

constexpr std::int64_t kVersion = 1;

/// Stands in capture files for each byte that is not UTF-8.
constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

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

/// True if `text` has no control characters, which could add lines to a request. A field value may
/// hold tabs (RFC 9110, section 5.5).
bool is_field_value(std::string_view text) {
  return std::ranges::all_of(text,
                             [](unsigned char c) { return (c >= 0x20 && c != 0x7f) || c == '\t'; });
}

/// `target` in origin form; empty if it has no path, such as `*`.
std::string origin_form(std::string_view target) {
  const std::string_view path = path_of(target);
  if (path.empty()) return {};
  const std::size_t query = target.find('?');
  std::string origin(path.starts_with('/') ? "" : "/");
  origin.append(path);
  if (query != std::string_view::npos) origin.append(target.substr(query));
  return origin;
}

/// Why the request cannot be sent again as the client sent it; empty if it can.
std::string oddity_of(const CapturedRequest& request) {
  const auto is_of_target = [](unsigned char c) { return c > 0x20 && c != 0x7f; };
  if (!is_token(request.method)) return "its method is no token";
  if (request.target.empty()) return "its target has no path";
  if (!std::ranges::all_of(request.target, is_of_target)) {
    return "its target has spaces or control characters";
  }
  if (request.target.contains(kReplacement)) return "its target had bytes that are not UTF-8";
  for (const auto& [name, value] : request.headers) {
    if (!is_token(name)) return "the name of one of its headers is no token";
    if (!is_field_value(value)) return "one of its headers has control characters";
  }
  return {};
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
  if (request.method.empty()) return lacks("\"request.method\"");
  const auto target = text_of(message, "target");
  if (!target) return lacks("\"request.target\"");
  request.target = origin_form(*target);
  if (!read_headers(message, request)) return lacks("\"request.headers\"");
  request.oddity = oddity_of(request);
  if (request.target.empty()) request.target = *target;  // to be shown
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
  std::string scratch;
  return classify(request.method, request.target, scratch).reads;
}

}  // namespace osproxy::cli
