// The twins of JsonScanner and ResponseReader: simdjson over whole bodies.
#pragma once

#include <optional>
#include <string>
#include <string_view>

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

  void read_top(simdjson::dom::object top) {
    using enum Endpoint;
    for (const auto [key, value] : top) {
      if (key == "took" && is(Search, Cursor, MultiSearch, IngestBulk, DeleteByQuery)) {
        set_once(facts_.took_ms, value);
      }
      if (key == "timed_out" && is(Search, Cursor, DeleteByQuery) && value.is_bool() &&
          !facts_.timed_out) {
        facts_.timed_out = bool(value);
      }
      if (key == "_shards" && is(Search, Cursor, Count, IngestDoc, DeleteById)) read_shards(value);
      if (key == "hits" && is(Search, Cursor) && value.is_object() && !read_hits(value)) return;
      if (key == "count" && is(Count)) set_once(facts_.hits, value);
      if (key == "total" && is(DeleteByQuery)) set_once(facts_.hits, value);
      if (key == "items" && is(IngestBulk)) read_items(value, true);
      if (key == "responses" && is(MultiSearch)) read_items(value, false);
    }
  }

  void read_shards(Element element) {
    simdjson::dom::object shards;
    if (shards_seen_ || element.get(shards) != simdjson::SUCCESS) return;
    shards_seen_ = true;
    for (const auto [key, value] : shards) {
      if (key == "total") set_once(facts_.shards.total, value);
      if (key == "successful") set_once(facts_.shards.successful, value);
      if (key == "skipped") set_once(facts_.shards.skipped, value);
      if (key == "failed") set_once(facts_.shards.failed, value);
    }
  }

  /// False once the list of hits begins, where the reader stops.
  bool read_hits(simdjson::dom::object hits) {
    for (const auto [key, value] : hits) {
      if (key == "hits" && value.is_array()) return false;
      if (key != "total") continue;
      simdjson::dom::object total;
      if (value.get(total) != simdjson::SUCCESS) {
        set_once(facts_.hits, value);
        continue;
      }
      if (facts_.hits) continue;
      for (const auto [name, part] : total) {
        if (name == "value") set_once(facts_.hits, part);
        if (name == "relation" && part.is_string() && std::string_view(part) == "gte") {
          facts_.hits_are_at_least = true;
        }
      }
    }
    return true;
  }

  void read_items(Element element, bool below_an_action) {
    simdjson::dom::array items;
    if (facts_.items || element.get(items) != simdjson::SUCCESS) return;
    std::uint64_t count = 0;
    failed_ = 0;
    for (const auto item : items) {
      simdjson::dom::object object;
      if (item.get(object) != simdjson::SUCCESS) continue;
      ++count;
      if (!below_an_action) count_failure(object);
      for (const auto [action, result] : object) {
        simdjson::dom::object members;
        if (below_an_action && result.get(members) == simdjson::SUCCESS) count_failure(members);
      }
    }
    facts_.items = count;
    facts_.failed_items = failed_;
  }

  void count_failure(simdjson::dom::object members) {
    for (const auto [key, value] : members) {
      if (key == "status" && count_of(value).value_or(0) >= 400) ++failed_;
    }
  }

  Endpoint endpoint_;
  ResponseFacts facts_;
  bool shards_seen_ = false;
  std::uint64_t failed_ = 0;
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
