// What OpenSearch's response says of itself: counts, and a time. No value of a document.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace osproxy {

/// Why a body was not read to where it says what is wanted.
enum class NotRead : std::uint8_t {
  None,           ///< it was
  NoBody,         ///< there was none
  NotApplicable,  ///< the endpoint's answers say nothing that a record has
  NotJson,        ///< by its Content-Type
  UnknownCoding,  ///< a Content-Encoding other than gzip, x-gzip and deflate
  BadCoding,      ///< it does not decompress
  Malformed,      ///< it is not JSON
  TooDeep,        ///< nested deeper than JsonScanner::kMaxDepth
  TooLong,        ///< longer than what is read of one
  CutOff,         ///< it ended before its end
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

/// A regular value. Each is absent if the response did not say it.
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
  std::optional<bool> timed_out{};  ///< the search gave up before it had looked at everything
  Count hits{};                     ///< documents that match
  bool hits_are_at_least = false;   ///< `hits` is a lower bound: OpenSearch stopped counting there
  Shards shards{};
  Count items{};         ///< of a bulk, or the searches of a multi-search
  Count failed_items{};  ///< those of them with a status of 400 or more
  NotRead not_read = NotRead::None;

  friend bool operator==(const ResponseFacts&, const ResponseFacts&) = default;
};

}  // namespace osproxy
