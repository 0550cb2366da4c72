// Counts and times that OpenSearch states in its response, such as `took` and the number of hits.
// No value of a document.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace osproxy {

/// Why a body was not read far enough.
enum class NotRead : std::uint8_t {
  None,           ///< it was
  NoBody,         ///< there is none
  NotApplicable,  ///< responses of this endpoint state nothing that a record holds
  NotJson,        ///< by its Content-Type
  UnknownCoding,  ///< its Content-Encoding is not gzip, x-gzip or deflate
  BadCoding,      ///< it does not decompress
  Malformed,      ///< it is not JSON
  TooDeep,        ///< it is nested deeper than JsonScanner::kMaxDepth
  TooLong,        ///< it is longer than the reader's bound
  CutOff,         ///< the sender broke off before its end
  OutOfMemory,
};

/// A stable slug, such as "too_deep"; empty for None.
constexpr std::string_view to_string(NotRead reason) noexcept {
  switch (reason) {
    case NotRead::None:
      return "";
    case NotRead::NoBody:
      return "no_body";
    case NotRead::NotApplicable:
      return "not_applicable";
    case NotRead::NotJson:
      return "not_json";
    case NotRead::UnknownCoding:
      return "unknown_coding";
    case NotRead::BadCoding:
      return "bad_coding";
    case NotRead::Malformed:
      return "malformed";
    case NotRead::TooDeep:
      return "too_deep";
    case NotRead::TooLong:
      return "too_long";
    case NotRead::CutOff:
      return "cut_off";
    case NotRead::OutOfMemory:
      return "out_of_memory";
  }
  return "";
}

/// A regular value. A fact is absent if the response does not state it.
struct ResponseFacts {
  using Count = std::optional<std::uint64_t>;

  struct Shards {
    Count total{};
    Count successful{};
    Count skipped{};
    Count failed{};

    friend bool operator==(const Shards&, const Shards&) = default;
  };

  Count took_ms{};                  ///< OpenSearch's own time
  std::optional<bool> timed_out{};  ///< the search gave up before it had searched every shard
  Count hits{};                     ///< documents that match
  bool hits_are_at_least = false;   ///< `hits` is a lower bound: OpenSearch stopped counting there
  Shards shards{};
  Count items{};         ///< actions of a bulk, or searches of a multi-search
  Count failed_items{};  ///< items with a status of 400 or more
  NotRead not_read = NotRead::None;

  friend bool operator==(const ResponseFacts&, const ResponseFacts&) = default;
};

}  // namespace osproxy
