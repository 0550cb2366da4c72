// Reads the ids of scrolls and points in time from bodies while they stream by, as hashes: an id
// gives access to data, so it is never kept.
//
//   CursorReader reader({}, CursorReader::Message::Response, key);
//   reader.read(R"({"_scroll_id":"FGluY2x1ZGVfY29udGV4dF91dWlk)");  // pieces of any size
//   reader.read(R"(","took":3,…)");                                // not read any more
//   reader.ids();                                                  // one hash
//
// OpenSearch writes the id as the first member of a response (`_scroll_id`, `pit_id`), so that only
// the beginning is read: of another response not more than the first key. Of a request, `scroll_id`
// and `pit_id` (one or an array) and the keep-alive `scroll` are read.
//
// Pure, but for zlib's memory if the body is compressed. Not thread-safe.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "osproxy/core/sip_hash.h"
#include "osproxy/inspect/json_scanner.h"
#include "osproxy/inspect/plain_body.h"

namespace osproxy {

/// Hashes an id that comes in pieces, with a key, so that no client can make two ids collide. Skips
/// all characters but those of base64: a body's quotes and white space may be among the pieces.
class CursorIdHash {
 public:
  explicit CursorIdHash(const SipKey& key) noexcept : key_(key) {}

  void add(std::string_view piece) noexcept;
  /// The hash; begins again.
  std::uint64_t finish() noexcept;

 private:
  void mix() noexcept;

  const SipKey key_;
  std::uint64_t chain_ = 0;
  std::size_t size_ = 0;
  std::array<char, 64> block_{};
};

/// A time value of OpenSearch: `1m`, `90s`, `500ms`, `2d`. nullopt if it is none.
std::optional<std::chrono::milliseconds> parse_keep_alive(std::string_view text) noexcept;

class CursorReader {
 public:
  enum class Message : std::uint8_t { Request, Response };

  /// An id has some hundred bytes for each shard. Of larger ones nothing is known.
  static constexpr std::size_t kMaxBytes = std::size_t{512} << 10;

  /// Ids of one request. More are not read: their entries end with their keep-alives.
  static constexpr std::size_t kMaxIds = 64;

  CursorReader(const BodyHead& head, Message message, const SipKey& key) noexcept;

  void read(std::string_view payload) noexcept {
    if (reading_) take(payload);
  }

  std::span<const std::uint64_t> ids() const noexcept { return {ids_.data(), id_count_}; }

  /// The response's id is that of a point in time.
  bool is_point_in_time() const noexcept { return is_point_in_time_; }

  /// The request names all ids: `_all`.
  bool names_all() const noexcept { return names_all_; }

  /// The request's `scroll`.
  std::optional<std::chrono::milliseconds> keep_alive() const noexcept { return keep_alive_; }

 private:
  enum class Value : std::uint8_t { Other, Id, KeepAlive };

  void take(std::string_view payload) noexcept;
  bool take_plain(std::string_view plain) noexcept;
  bool take_token(JsonScanner::Token token) noexcept;
  bool take_key() noexcept;
  void take_text() noexcept;

  const Message message_;
  bool reading_ = true;
  bool is_point_in_time_ = false;
  bool names_all_ = false;
  Value value_ = Value::Other;
  std::optional<std::chrono::milliseconds> keep_alive_;
  CursorIdHash hash_;
  std::size_t id_count_ = 0;
  std::array<std::uint64_t, kMaxIds> ids_{};
  JsonScanner scanner_;
  PlainBody body_;
};

}  // namespace osproxy
