// Counts and times that OpenSearch states in its response, such as `took` and the number of hits.
// No value of a document.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

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
  OverRate,  ///< the flight recorder reads only so many a second
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
    case NotRead::OverRate:
      return "over_rate";
  }
  return "";
}

/// The kind of an action of a bulk.
enum class BulkAction : std::uint8_t { Index, Create, Update, Delete };
inline constexpr std::size_t kBulkActionCount = 4;

/// OpenSearch's word for it: "index", "create" and so on.
constexpr std::string_view to_string(BulkAction action) noexcept {
  constexpr std::array<std::string_view, kBulkActionCount> kNames{"index", "create", "update",
                                                                  "delete"};
  return kNames[static_cast<std::size_t>(action)];
}

/// One count for each BulkAction.
using ActionCounts = std::array<std::uint64_t, kBulkActionCount>;

/// Items that failed with the same error and status.
struct ItemFailure {
  std::string type{};  ///< "mapper_parsing_exception"; empty: they state none; "other": the rest
  int status = 0;      ///< 0: they state none, or differ
  std::uint64_t count = 0;

  friend bool operator==(const ItemFailure&, const ItemFailure&) = default;
};

/// A regular value. A fact is absent if the response does not state it: no fact has a default that
/// could be taken for OpenSearch's word. Members: one for each fact of the explain document.
struct ResponseFacts {
  using Count = std::optional<std::uint64_t>;

  struct Shards {
    Count total{};
    Count successful{};
    Count skipped{};
    Count failed{};

    friend bool operator==(const Shards&, const Shards&) = default;
  };

  using Flag = std::optional<bool>;

  Count took_ms{};           ///< OpenSearch's own time
  Flag timed_out{};          ///< the search gave up before it had searched every shard
  Flag terminated_early{};   ///< a shard stopped at `terminate_after`
  Count hits{};              ///< documents that match
  Flag hits_are_at_least{};  ///< `hits` is a lower bound: OpenSearch stopped counting there
  Shards shards{};           ///< of a multi-search: the sums over its searches
  Flag errors{};             ///< a bulk's own word on whether an item failed
  Count items{};         ///< actions of a bulk, searches of a multi-search, documents of an mget
  Count failed_items{};  ///< items with a status of 400 or more, or with an error
  std::optional<ActionCounts> items_by_action{};                ///< of a bulk
  std::optional<std::vector<ItemFailure>> failures_by_error{};  ///< of `failed_items`
  Count missing_items{};       ///< documents of an mget that do not exist
  Count timed_out_items{};     ///< searches of a multi-search that timed out
  Count shard_failed_items{};  ///< searches of a multi-search with a shard that failed

  // Of a reindex, an update by query and a delete by query.
  Count total{};  ///< documents that the request is about
  Count created{};
  Count updated{};
  Count deleted{};
  Count version_conflicts{};
  Count failures{};

  NotRead not_read = NotRead::None;

  friend bool operator==(const ResponseFacts&, const ResponseFacts&) = default;
};

}  // namespace osproxy
