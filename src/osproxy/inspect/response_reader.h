// Reads what OpenSearch's response says of itself while the response streams by.
//
//   ResponseReader reader({.endpoint = Endpoint::Search, .content_type = …, .content_encoding =
//   …}); reader.read(payload);                          // each piece, in whatever sizes they come
//   ResponseFacts facts = reader.finish(whole);      // once
//
// Which members are looked at depends on the endpoint, so that a document which is a response by
// itself (`_source`) is never taken for one of OpenSearch's. Reading ends as soon as all that is
// wanted is known: of a search that is within its first few hundred bytes, since OpenSearch writes
// the totals before the hits. The items of a bulk and the responses of a multi-search are counted
// to the end. At most kMaxBytes are read, after decompression.
//
// A member that appears twice counts the first time. What is not a count, a time or a flag of the
// expected type is passed over. No text of the response is kept.
//
// Pure, but for zlib's memory if the response is compressed. Not thread-safe: one owner each.
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
  /// Ten thousand items of a bulk; a few milliseconds of one worker.
  static constexpr std::size_t kMaxBytes = 4 << 20;

  /// The views are used no longer than this call.
  explicit ResponseReader(const BodyHead& head) noexcept;

  void read(std::string_view payload) noexcept {
    if (reading_) take(payload);
  }

  /// The response is over; `whole`: it came to its end.
  ResponseFacts finish(bool whole) noexcept;

 private:
  /// Where in a response a container stands, as far as it matters.
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

  /// What the endpoint's answers say.
  struct Wanted {
    bool any = false;
    bool took = false;
    bool timed_out = false;
    bool shards = false;
    bool hits = false;         // hits.total
    Name total = Name::Other;  // a member of the top that has the number of hits
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
