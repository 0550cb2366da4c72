// Reads the counts and times of OpenSearch's response while the response streams through the proxy.
//
//   ResponseReader reader({.endpoint = Endpoint::Count, .content_type = "application/json"});
//   reader.read(R"({"count":7,"_shards":{"total":3,)");  // pieces of any size
//   reader.read(R"("successful":3,"skipped":0,"failed":0}})");
//   const ResponseFacts facts = reader.finish(true);     // hits: 7; shards: 3 of 3
//
// The endpoint decides which members are read, so that a document which is a response by itself
// (`_source`) is never taken for OpenSearch's own words. Reading ends as soon as all facts of the
// endpoint are known. For a search these are in the first few hundred bytes, since OpenSearch
// writes the totals before the hits. The items of a bulk, the responses of a multi-search and the
// documents of an mget are counted to the end. The reader takes at most kMaxBytes, after
// decompression.
//
// A fact is absent unless the response states it. A count of items is absent if a `filter_path` may
// have taken items out, or if one of them does not say how it ended.
//
// Of a repeated member the first one counts. Values other than a count, a time or a flag of the
// expected type are skipped. No text of the response is kept but the types of errors, if they look
// like OpenSearch's (item_failures.h).
//
// Pure, but for zlib's memory if the response is compressed. Not thread-safe.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "osproxy/directive/model.h"
#include "osproxy/inspect/item_failures.h"
#include "osproxy/inspect/json_scanner.h"
#include "osproxy/inspect/plain_body.h"
#include "osproxy/record/response_facts.h"

namespace osproxy {

/// Members: the state of one pass over a response.
class ResponseReader {
 public:
  /// Enough for ten thousand items of a bulk, at a cost of a few milliseconds of one worker.
  static constexpr std::size_t kMaxBytes = 4 << 20;

  /// Uses the views only within this call.
  explicit ResponseReader(const BodyHead& head) noexcept;

  void read(std::string_view payload) noexcept {
    if (reading_) take(payload);
  }

  /// Ends the response. `whole` is false if OpenSearch broke off before its end.
  ResponseFacts finish(bool whole) noexcept;

 private:
  /// The position of an object or array in the response; Elsewhere if nothing in it is read.
  enum class Place : std::uint8_t {
    Elsewhere,
    Top,
    Shards,      // _shards
    Hits,        // hits
    HitsTotal,   // hits.total
    Items,       // items, responses, or docs
    Item,        // items[], responses[], or docs[]
    ItemAction,  // items[].index and the like
    ItemShards,  // responses[]._shards
    ItemError,   // items[].index.error, responses[].error, or docs[].error
    Failures,    // failures
  };
  enum class Name : std::uint8_t {
    Other,
    Took,
    TimedOut,
    TerminatedEarly,
    Shards,
    Hits,
    Total,
    Value,
    Relation,
    Successful,
    Skipped,
    Failed,
    Count,
    Items,
    Responses,
    Docs,
    Status,
    Error,
    Errors,
    Type,
    Index,
    Create,
    Update,
    Delete,
    Found,
    Created,
    Updated,
    Deleted,
    VersionConflicts,
    Failures,
  };

  /// The facts that responses of an endpoint state.
  struct Wanted {
    bool any = false;
    bool took = false;
    bool timed_out = false;
    bool shards = false;
    bool hits = false;         // hits.total
    bool by_query = false;     // the counts of a reindex and the like
    Name total = Name::Other;  // the member of the top that holds the number of hits
    Name items = Name::Other;  // Items, Responses or Docs
  };

  /// The end of one item, by its own words.
  struct Item {
    bool ended = false;   // it says how it ended: by a status, an error, or `found`
    bool failed = false;  // status 400 or more, or an error
    bool missing = false;
    int status = 0;
    std::optional<BulkAction> action{};
    std::uint8_t error_size = 0;
    std::array<char, ItemFailures::kMaxTypeBytes + 1>
        error{};  // its type, or the first bytes of it
    ResponseFacts::Flag timed_out{};
    ResponseFacts::Flag terminated_early{};
    ResponseFacts::Shards shards{};
  };

  /// The items so far.
  struct Items {
    std::uint64_t count = 0;
    std::uint64_t failed = 0;
    std::uint64_t missing = 0;
    std::uint64_t timed_out = 0;
    std::uint64_t shard_failed = 0;
    bool all_ended = true;
    bool all_have_actions = true;
    ActionCounts by_action{};
    bool all_tell_times = true;  // each that did not fail has `timed_out`
    ResponseFacts::Flag terminated_early{};
    ResponseFacts::Shards shards{.total = 0, .successful = 0, .skipped = 0, .failed = 0};
  };

  static Wanted wanted_of(const BodyHead& head) noexcept;
  static Name name_of(std::string_view key) noexcept;

  void take(std::string_view payload) noexcept;
  bool take_plain(std::string_view plain) noexcept;
  void take_token(JsonScanner::Token token) noexcept;
  void begin(bool object) noexcept;
  Place place_of(bool object) const noexcept;
  void end() noexcept;
  void take_text() noexcept;
  static std::optional<BulkAction> action_of(Name name) noexcept;
  void take_flag(bool flag) noexcept;
  void take_number() noexcept;
  void take_number_at_top(std::uint64_t number) noexcept;
  void take_shards(ResponseFacts::Shards& shards, std::uint64_t number) const noexcept;
  void end_item() noexcept;
  void end_items() noexcept;
  bool is_of_item(Place where) const noexcept;
  void stop(NotRead reason) noexcept;
  void stop_if_complete() noexcept;
  Place place() const noexcept;

  static constexpr std::size_t kPlaces = 5;  // deeper ones are all Elsewhere

  Wanted wanted_;
  bool reading_ = true;
  bool shards_seen_ = false;
  bool items_seen_ = false;
  bool failures_seen_ = false;
  bool items_are_whole_ = true;  // no filter_path takes items out
  bool failures_are_whole_ = true;
  std::uint64_t failures_ = 0;
  Item item_;
  Items items_;
  ItemFailures item_failures_;
  ResponseFacts facts_;
  Name key_ = Name::Other;
  std::array<Place, kPlaces> places_{};
  JsonScanner scanner_;
  PlainBody body_;
};

}  // namespace osproxy
