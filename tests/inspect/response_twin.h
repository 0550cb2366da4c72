// The twins of JsonScanner and ResponseReader: simdjson over whole bodies.
#pragma once

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <simdjson.h>

#include "osproxy/inspect/json_scanner.h"
#include "osproxy/inspect/response_reader.h"

namespace osproxy::test {

enum class TwinSays { Json, NoJson, DoNotCompare };

/// Whether simdjson accepts `body` as JSON. It also checks UTF-8, surrogate pairs and the range of
/// numbers, which the scanner does not, and it has another limit of depth.
inline TwinSays is_json_for_twin(std::string_view body) {
  simdjson::dom::parser parser;
  switch (parser.parse(simdjson::padded_string(body)).error()) {
    case simdjson::SUCCESS:
      return TwinSays::Json;
    case simdjson::UTF8_ERROR:
    case simdjson::STRING_ERROR:
    case simdjson::NUMBER_ERROR:
    case simdjson::DEPTH_ERROR:
      return TwinSays::DoNotCompare;
    default:
      return TwinSays::NoJson;
  }
}

class ResponseTwin {
 public:
  /// The facts that the reader should find in `body`, which simdjson accepts as JSON.
  static ResponseFacts read(Endpoint endpoint, std::string_view body) {
    ResponseTwin twin(endpoint);
    simdjson::dom::parser parser;
    const simdjson::padded_string padded(body);
    simdjson::dom::element top;
    simdjson::dom::object object;
    if (parser.parse(padded).get(top) == simdjson::SUCCESS &&
        top.get(object) == simdjson::SUCCESS) {
      twin.read_top(object);
    }
    return twin.facts_;
  }

 private:
  using Element = simdjson::dom::element;
  using Count = ResponseFacts::Count;

  explicit ResponseTwin(Endpoint endpoint) : endpoint_(endpoint) {}

  bool is(auto... endpoints) const { return ((endpoint_ == endpoints) || ...); }

  static Count count_of(Element element) {
    std::uint64_t number = 0;
    const bool integer = element.is<std::int64_t>() || element.is<std::uint64_t>();
    if (!integer || element.get(number) != simdjson::SUCCESS) return std::nullopt;
    return number;
  }

  static void set_once(Count& count, Element element) {
    if (!count) count = count_of(element);
  }

  /// True once the reader wants no more.
  bool complete() const {
    using enum Endpoint;
    if (is(Search, Cursor, MultiSearch, IngestBulk, DeleteByQuery) && !facts_.took_ms) return false;
    if (is(Search, Cursor, DeleteByQuery) && !facts_.timed_out) return false;
    if (is(Search, Cursor, Count, IngestDoc, DeleteById) && !shards_seen_) return false;
    if (is(Search, Cursor, Count, DeleteByQuery) && !facts_.hits) return false;
    if (is(MultiSearch, IngestBulk, MultiGet) && !facts_.items) return false;
    return !is(DeleteByQuery) || facts_.failures;
  }

  void read_top(simdjson::dom::object top) {
    for (const auto [key, value] : top) {
      if (!read_member(key, value) || complete()) return;
    }
  }

  static void set_once(std::optional<bool>& flag, Element element) {
    if (!flag && element.is_bool()) flag = bool(element);
  }

  /// False where the reader stops.
  bool read_member(std::string_view key, Element value) {
    using enum Endpoint;
    if (key == "took" && is(Search, Cursor, MultiSearch, IngestBulk, DeleteByQuery)) {
      set_once(facts_.took_ms, value);
    }
    if (key == "timed_out" && is(Search, Cursor, DeleteByQuery)) set_once(facts_.timed_out, value);
    if (key == "terminated_early" && is(Search, Cursor, Count)) {
      set_once(facts_.terminated_early, value);
    }
    if (key == "errors" && is(IngestBulk)) set_once(facts_.errors, value);
    if (key == "_shards" && is(Search, Cursor, Count, IngestDoc, DeleteById) && !shards_seen_) {
      shards_seen_ = read_shards(value, facts_.shards);
    }
    if (key == "hits" && is(Search, Cursor) && value.is_object() && !read_hits(value)) return false;
    if (key == "count" && is(Count)) set_once(facts_.hits, value);
    if (is(DeleteByQuery)) read_counts(key, value);
    if (key == "items" && is(IngestBulk)) read_items(value);
    if (key == "responses" && is(MultiSearch)) read_items(value);
    if (key == "docs" && is(MultiGet)) read_items(value);
    return true;
  }

  void read_counts(std::string_view key, Element value) {
    if (key == "total") set_once(facts_.hits, value), set_once(facts_.total, value);
    if (key == "created") set_once(facts_.created, value);
    if (key == "updated") set_once(facts_.updated, value);
    if (key == "deleted") set_once(facts_.deleted, value);
    if (key == "version_conflicts") set_once(facts_.version_conflicts, value);
    simdjson::dom::array failures;
    if (key != "failures" || facts_.failures || value.get(failures) != simdjson::SUCCESS) return;
    std::uint64_t count = 0;
    for (const auto failure : failures) count += failure.is_object() || failure.is_array() ? 1 : 0;
    facts_.failures = count;
  }

  /// False if it is no object.
  static bool read_shards(Element element, ResponseFacts::Shards& to) {
    simdjson::dom::object shards;
    if (element.get(shards) != simdjson::SUCCESS) return false;
    for (const auto [key, value] : shards) {
      if (key == "total") set_once(to.total, value);
      if (key == "successful") set_once(to.successful, value);
      if (key == "skipped") set_once(to.skipped, value);
      if (key == "failed") set_once(to.failed, value);
    }
    return true;
  }

  /// False once the list of hits begins, where the reader stops.
  bool read_hits(simdjson::dom::object hits) {
    for (const auto [key, value] : hits) {
      if (key == "hits" && value.is_array()) return false;
      if (key == "total") read_total(value);
      if (key == "total" && complete()) return true;
    }
    return true;
  }

  void read_total(Element value) {
    if (facts_.hits) return;
    simdjson::dom::object total;
    if (value.get(total) != simdjson::SUCCESS) {
      set_once(facts_.hits, value);
      if (facts_.hits) facts_.hits_are_at_least = false;
      return;
    }
    for (const auto [name, part] : total) {
      if (name == "value") set_once(facts_.hits, part);
      if (name != "relation" || !part.is_string() || facts_.hits_are_at_least) continue;
      if (std::string_view(part) == "gte") facts_.hits_are_at_least = true;
      if (std::string_view(part) == "eq") facts_.hits_are_at_least = false;
    }
  }

  struct Item {
    bool ended = false;
    bool failed = false;
    bool missing = false;
    int status = 0;
    std::string error;
    std::optional<BulkAction> action;
    std::optional<bool> timed_out;
    std::optional<bool> early;
    ResponseFacts::Shards shards;
  };

  Item read_item(simdjson::dom::object object) const {
    Item item;
    for (const auto [key, value] : object) {
      simdjson::dom::object members;
      if (endpoint_ == Endpoint::IngestBulk) {
        if (value.get(members) != simdjson::SUCCESS) continue;
        for (std::size_t i = 0; i < kBulkActionCount && !item.action; ++i) {
          if (key == to_string(static_cast<BulkAction>(i)))
            item.action = static_cast<BulkAction>(i);
        }
        for (const auto [name, member] : members) read_end(name, member, item);
        continue;
      }
      read_end(key, value, item);
      if (endpoint_ == Endpoint::MultiSearch) {
        if (key == "timed_out") set_once(item.timed_out, value);
        if (key == "terminated_early") set_once(item.early, value);
        if (key == "_shards") read_shards(value, item.shards);
      } else if (key == "found" && value.is_bool()) {
        item.ended = true;
        item.missing = item.missing || !bool(value);
      }
    }
    return item;
  }

  void read_end(std::string_view key, Element value, Item& item) const {
    if (key == "error" && (value.is_object() || value.is_array() || value.is_string())) {
      item.ended = item.failed = true;
    }
    simdjson::dom::object error;
    if (key == "error" && value.get(error) == simdjson::SUCCESS) {
      for (const auto [name, member] : error) {
        std::string_view type;
        if (name == "type" && item.error.empty() && !member.get(type)) item.error = type;
      }
    }
    if (key != "status" || endpoint_ == Endpoint::MultiGet) return;
    const auto status = count_of(value);
    if (status.value_or(600) < 600) item.status = static_cast<int>(*status);
    item.ended = item.ended || status;
    item.failed = item.failed || status.value_or(0) >= 400;
  }

  static std::vector<ItemFailure> failures_of(const std::vector<Item>& items) {
    std::map<std::pair<std::string, int>, std::uint64_t> counts;
    std::uint64_t others = 0;
    for (const Item& item : items) {
      if (!item.failed) continue;
      const bool is_type = item.error.empty() || is_error_type(item.error);
      const std::pair kind(is_type ? item.error : "other", item.status);
      const bool has_room = counts.size() < ItemFailures::kMaxKinds || counts.contains(kind);
      ++(has_room ? counts[kind] : others);
    }
    std::vector<ItemFailure> failures;
    for (const auto& [kind, count] : counts) {
      failures.push_back({.type = kind.first, .status = kind.second, .count = count});
    }
    std::ranges::stable_sort(failures, std::ranges::greater(), &ItemFailure::count);
    if (others > 0) failures.push_back({.type = "other", .status = 0, .count = others});
    return failures;
  }

  void read_items(Element element) {
    simdjson::dom::array array;
    if (facts_.items || element.get(array) != simdjson::SUCCESS) return;
    std::vector<Item> items;
    for (const auto one : array) {
      simdjson::dom::object object;
      if (one.get(object) == simdjson::SUCCESS) items.push_back(read_item(object));
    }
    const auto count_if = [&](auto&& is_it) {
      return static_cast<std::uint64_t>(std::ranges::count_if(items, is_it));
    };
    facts_.items = items.size();
    const bool all_ended = std::ranges::all_of(items, &Item::ended);
    if (all_ended) facts_.failures_by_error = failures_of(items);
    const bool all_have_actions =
        std::ranges::all_of(items, [](const Item& item) { return item.action.has_value(); });
    if (endpoint_ == Endpoint::IngestBulk && all_have_actions) {
      auto& by_action = facts_.items_by_action.emplace();
      for (const Item& item : items) ++by_action[static_cast<std::size_t>(*item.action)];
    }
    if (all_ended) facts_.failed_items = count_if([](const Item& i) { return i.failed; });
    if (endpoint_ == Endpoint::MultiGet && all_ended) {
      facts_.missing_items = count_if([](const Item& i) { return i.missing; });
    }
    if (endpoint_ == Endpoint::MultiSearch) read_searches(items, all_ended, count_if);
  }

  void read_searches(const std::vector<Item>& items, bool all_ended, auto&& count_if) {
    ResponseFacts::Shards sum{.total = 0, .successful = 0, .skipped = 0, .failed = 0};
    for (const auto part : {&ResponseFacts::Shards::total, &ResponseFacts::Shards::successful,
                            &ResponseFacts::Shards::skipped, &ResponseFacts::Shards::failed}) {
      for (const Item& item : items) {
        if (item.failed) continue;
        sum.*part = sum.*part && item.shards.*part ? Count(*(sum.*part) + *(item.shards.*part))
                                                   : std::nullopt;
      }
    }
    facts_.shards = sum;
    if (sum.failed) {
      facts_.shard_failed_items =
          count_if([](const Item& i) { return i.shards.failed.value_or(0) > 0; });
    }
    for (const Item& item : items) {
      if (item.early) {
        facts_.terminated_early = facts_.terminated_early.value_or(false) || *item.early;
      }
    }
    const auto late = count_if([](const Item& i) { return i.timed_out.value_or(false); });
    if (late > 0) facts_.timed_out = true;
    const bool all_tell = std::ranges::all_of(
        items, [](const Item& i) { return i.failed || i.timed_out.has_value(); });
    if (!all_ended || !all_tell) return;
    facts_.timed_out_items = late;
    facts_.timed_out = late > 0;
  }

  Endpoint endpoint_;
  ResponseFacts facts_;
  bool shards_seen_ = false;
};

/// The scanner's result for `body`, in pieces whose sizes `next_size()` gives.
template <class NextSize>
JsonScanner::Token scan(std::string_view body, NextSize&& next_size) {
  using Token = JsonScanner::Token;
  JsonScanner scanner;
  while (!body.empty()) {
    std::string_view piece = body.substr(0, next_size());
    body.remove_prefix(piece.size());
    Token token = scanner.next(piece);
    while (token != Token::NeedMore) {
      if (token == Token::Malformed || token == Token::TooDeep) return token;
      token = scanner.next(piece);
    }
  }
  const Token last = scanner.finish();
  return last == Token::Number ? scanner.finish() : last;
}

/// The reader's result, likewise.
template <class NextSize>
ResponseFacts read_response(const BodyHead& head, std::string_view body, NextSize&& next_size) {
  ResponseReader reader(head);
  while (!body.empty()) {
    const std::string_view piece = body.substr(0, next_size());
    body.remove_prefix(piece.size());
    reader.read(piece);
  }
  return reader.finish(true);
}

}  // namespace osproxy::test
