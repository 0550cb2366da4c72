// The document as published: plain values, neither compiled nor resolved.
//
//   std::expected<Document, DecodeError> document = decode_document(published);    // decode.h
//   std::string bytes = encode_document(*document);                                // encode.h
//
// Every type here is a regular value. docs/document.md is the operator's page on the same fields.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "osproxy/core/cidr.h"
#include "osproxy/core/clock.h"

namespace osproxy {

/// How much of a request is recorded. Ordered: the highest level of the directives that apply wins.
enum class Level : std::uint8_t { Off, Shape, ShapeTiming, ShapeRewriteDiff };

/// The twelve kinds of OpenSearch requests that a directive can target.
enum class Endpoint : std::uint8_t {
  IngestDoc,
  IngestBulk,
  Search,
  MultiSearch,
  Count,
  GetById,
  MultiGet,
  DeleteById,
  DeleteByQuery,
  Cursor,
  Admin,
  Unknown,
};

inline constexpr std::size_t kEndpointCount = 12;

/// The name in documents, records and metrics: "ShapeTiming", "IngestBulk".
std::string_view to_string(Level level) noexcept;
std::string_view to_string(Endpoint endpoint) noexcept;

/// The inverse of to_string, exactly; nullopt for any other text.
std::optional<Level> parse_level(std::string_view name) noexcept;
std::optional<Endpoint> parse_endpoint(std::string_view name) noexcept;

/// The attributes that a request must have; an absent one matches all. Strings are never empty.
struct Target {
  std::optional<std::string> tenant{};
  std::optional<std::string> index{};
  std::optional<std::string> principal{};
  std::optional<Endpoint> endpoint{};
  bool principal_verified = false;     ///< only requests whose principal is verified
  std::optional<Cidr> client{};        ///< the block that the client's address is in
  std::optional<std::string> agent{};  ///< a product with its version, or without: any version
  std::optional<std::string> opaque_id{};

  friend bool operator==(const Target&, const Target&) = default;
};

/// `"5xx"` (a class) or `"429"` (a code): the responses that a directive records.
class StatusFilter {
 public:
  /// Reads `1xx` to `5xx`, or `100` to `599`; nullopt for anything else.
  static std::optional<StatusFilter> parse(std::string_view text) noexcept;

  bool matches(int status) const noexcept { return first_ <= status && status <= last_; }
  std::string to_string() const;

  friend bool operator==(const StatusFilter&, const StatusFilter&) = default;

 private:
  StatusFilter(int first, int last) : first_(first), last_(last) {}

  int first_;
  int last_;
};

/// A life relative to the first sight of the directive, greater than zero (`ttl_secs`).
using RelativeEnd = std::chrono::seconds;
/// `expires_at`; may lie in the past, and the directive is then inactive.
using AbsoluteEnd = WallTime;
/// Exactly one of the two is published.
using PublishedEnd = std::variant<RelativeEnd, AbsoluteEnd>;

/// One directive, with the fields of docs/document.md, section "The document".
struct Directive {
  std::string id{};
  Level level = Level::Off;
  PublishedEnd end{};
  Target target{};
  int sample_per_mille = 1000;
  bool ring_buffer = false;
  bool capture = false;
  std::optional<std::chrono::milliseconds> min_latency{};  ///< `min_latency_ms`
  std::optional<StatusFilter> status{};
  std::optional<std::uint64_t> shape{};             ///< the hash of the body's shape
  std::optional<std::uint64_t> min_failed_items{};  ///< > 0
  std::optional<std::uint64_t> max_records{};       ///< per instance; > 0
  std::optional<std::string> reason{};
  std::optional<std::string> author{};

  friend bool operator==(const Directive&, const Directive&) = default;
};

struct Document {
  std::vector<Directive> directives;

  friend bool operator==(const Document&, const Document&) = default;
};

}  // namespace osproxy
