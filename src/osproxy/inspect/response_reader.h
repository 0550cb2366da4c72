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
// writes the totals before the hits. The items of a bulk and the responses of a multi-search are
// counted to the end. The reader takes at most kMaxBytes, after decompression.
//
// Of a repeated member the first one counts. Values other than a count, a time or a flag of the
// expected type are skipped. No text of the response is kept.
//
// Pure, but for zlib's memory if the response is compressed. Not thread-safe.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "osproxy/directive/model.h"
#include "osproxy/inspect/json_scanner.h"
#include "osproxy/inspect/plain_body.h"
#include "osproxy/record/response_facts.h"

namespace osproxy {

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
    Items,       // items, or responses
    Item,        // items[], or responses[]
    ItemAction,  // items[].index and the like
  };
  enum class Name : std::uint8_t {
    Other,
    Took,
    TimedOut,
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
    Status,
  };

  /// The facts that responses of an endpoint state.
  struct Wanted {
    bool any = false;
    bool took = false;
    bool timed_out = false;
    bool shards = false;
    bool hits = false;         // hits.total
    Name total = Name::Other;  // the member of the top that holds the number of hits
    Name items = Name::Other;  // Items or Responses
  };

  static Wanted wanted_of(Endpoint endpoint) noexcept;
  static Name name_of(std::string_view key) noexcept;

  void take(std::string_view payload) noexcept;
  bool take_plain(std::string_view plain) noexcept;
  void take_token(JsonScanner::Token token) noexcept;
  void begin(bool object) noexcept;
  Place place_of(bool object) const noexcept;
  void end() noexcept;
  void take_number() noexcept;
  void take_number_at_top(std::uint64_t number) noexcept;
  void take_shards(std::uint64_t number) noexcept;
  void stop(NotRead reason) noexcept;
  void stop_if_complete() noexcept;
  Place place() const noexcept;

  static constexpr std::size_t kPlaces = 5;  // deeper ones are all Elsewhere

  Wanted wanted_;
  bool reading_ = true;
  bool shards_seen_ = false;
  bool items_seen_ = false;
  std::uint64_t items_ = 0;
  std::uint64_t failed_items_ = 0;
  ResponseFacts facts_;
  Name key_ = Name::Other;
  std::array<Place, kPlaces> places_{};
  JsonScanner scanner_;
  PlainBody body_;
};

}  // namespace osproxy
