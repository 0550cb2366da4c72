#include "osproxy/inspect/response_reader.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

namespace osproxy {
namespace {

void set_once(ResponseFacts::Count& count, std::uint64_t number) noexcept {
  if (!count) count = number;
}

/// The value of a number that is a count: a non-negative integer of at most 64 bits.
std::optional<std::uint64_t> count_of(std::string_view digits) noexcept {
  std::uint64_t number = 0;
  const char* const end = digits.data() + digits.size();
  const auto [used, error] = std::from_chars(digits.data(), end, number);
  if (error != std::errc() || used != end) return std::nullopt;
  return number;
}

/// Tells short names apart by their length and first letter.
constexpr std::size_t tag_of(std::string_view name) noexcept {
  return name.empty() ? 0 : name.size() << 8 | static_cast<unsigned char>(name.front());
}

}  // namespace

ResponseReader::Wanted ResponseReader::wanted_of(Endpoint endpoint) noexcept {
  switch (endpoint) {
    case Endpoint::Search:
    case Endpoint::Cursor:
      return {.any = true, .took = true, .timed_out = true, .shards = true, .hits = true};
    case Endpoint::MultiSearch:
      return {.any = true, .took = true, .items = Name::Responses};
    case Endpoint::Count:
      return {.any = true, .shards = true, .total = Name::Count};
    case Endpoint::IngestBulk:
      return {.any = true, .took = true, .items = Name::Items};
    case Endpoint::IngestDoc:
    case Endpoint::DeleteById:
      return {.any = true, .shards = true};
    case Endpoint::DeleteByQuery:
      return {.any = true, .took = true, .timed_out = true, .total = Name::Total};
    case Endpoint::GetById:
    case Endpoint::MultiGet:
    case Endpoint::Admin:
    case Endpoint::Unknown:
      return {};
  }
  std::unreachable();
}

ResponseReader::Name ResponseReader::name_of(std::string_view key) noexcept {
  const auto if_it_is = [key](std::string_view text, Name name) {
    return key == text ? name : Name::Other;
  };
  // One comparison at most. Two names with the same tag would be a repeated case, which does not
  // compile.
  switch (tag_of(key)) {
    case tag_of("took"):
      return if_it_is("took", Name::Took);
    case tag_of("timed_out"):
      return if_it_is("timed_out", Name::TimedOut);
    case tag_of("_shards"):
      return if_it_is("_shards", Name::Shards);
    case tag_of("hits"):
      return if_it_is("hits", Name::Hits);
    case tag_of("total"):
      return if_it_is("total", Name::Total);
    case tag_of("value"):
      return if_it_is("value", Name::Value);
    case tag_of("relation"):
      return if_it_is("relation", Name::Relation);
    case tag_of("successful"):
      return if_it_is("successful", Name::Successful);
    case tag_of("skipped"):
      return if_it_is("skipped", Name::Skipped);
    case tag_of("failed"):
      return if_it_is("failed", Name::Failed);
    case tag_of("count"):
      return if_it_is("count", Name::Count);
    case tag_of("items"):
      return if_it_is("items", Name::Items);
    case tag_of("responses"):
      return if_it_is("responses", Name::Responses);
    case tag_of("status"):
      return if_it_is("status", Name::Status);
    default:
      return Name::Other;
  }
}

ResponseReader::ResponseReader(const BodyHead& head) noexcept
    : wanted_(wanted_of(head.endpoint)), body_(head, kMaxBytes) {
  if (!wanted_.any) {
    stop(NotRead::NotApplicable);
  } else if (body_.unreadable() != NotRead::None) {
    stop(body_.unreadable());
  }
}

void ResponseReader::stop(NotRead reason) noexcept {
  reading_ = false;
  facts_.not_read = reason;
}

void ResponseReader::take(std::string_view payload) noexcept {
  const NotRead reason =
      body_.feed(payload, [this](std::string_view plain) { return take_plain(plain); });
  if (reading_ && reason != NotRead::None) stop(reason);
  if (!reading_) body_.close();
}

/// True if the reader wants more.
bool ResponseReader::take_plain(std::string_view plain) noexcept {
  while (reading_) {
    const JsonScanner::Token token = scanner_.next(plain);
    if (token == JsonScanner::Token::NeedMore) break;
    take_token(token);
  }
  return reading_;
}

void ResponseReader::take_token(JsonScanner::Token token) noexcept {
  using Token = JsonScanner::Token;
  switch (token) {
    case Token::BeginObject:
      return begin(true);
    case Token::BeginArray:
      return begin(false);
    case Token::EndObject:
    case Token::EndArray:
      return end();
    case Token::Key:
      // A name is looked up only at positions that are read.
      key_ = place() == Place::Elsewhere ? Name::Other : name_of(scanner_.text());
      return;
    case Token::Number:
      return take_number();
    case Token::String:
      if (place() == Place::HitsTotal && key_ == Name::Relation && scanner_.text() == "gte") {
        facts_.hits_are_at_least = true;
      }
      return;
    case Token::True:
    case Token::False:
      if (place() == Place::Top && key_ == Name::TimedOut && wanted_.timed_out &&
          !facts_.timed_out) {
        facts_.timed_out = token == Token::True;
        stop_if_complete();
      }
      return;
    case Token::Malformed:
      return stop(NotRead::Malformed);
    case Token::TooDeep:
      return stop(NotRead::TooDeep);
    case Token::Null:
    case Token::NeedMore:
    case Token::End:
      return;
  }
}

/// The position of the innermost open container.
ResponseReader::Place ResponseReader::place() const noexcept {
  const std::size_t depth = scanner_.depth();
  return depth == 0 || depth > kPlaces ? Place::Elsewhere : places_[depth - 1];
}

void ResponseReader::begin(bool object) noexcept {
  const std::size_t depth = scanner_.depth();
  if (depth > kPlaces) return;
  const Place place = places_[depth - 1] = place_of(object);
  if (place == Place::Item) ++items_;
  if (place == Place::Items) items_seen_ = true;
  // OpenSearch writes all facts of a search before the list of hits.
  const bool in_hits = depth >= 2 && places_[depth - 2] == Place::Hits;
  if (in_hits && key_ == Name::Hits && !object) return stop(NotRead::None);
  key_ = Name::Other;
}

/// The position of the container that has just begun.
ResponseReader::Place ResponseReader::place_of(bool object) const noexcept {
  const std::size_t depth = scanner_.depth();
  if (depth == 1) return object ? Place::Top : Place::Elsewhere;
  switch (places_[depth - 2]) {
    case Place::Top:
      if (object && key_ == Name::Shards && wanted_.shards && !shards_seen_) return Place::Shards;
      if (object && key_ == Name::Hits && wanted_.hits) return Place::Hits;
      if (!object && key_ == wanted_.items && key_ != Name::Other && !items_seen_) {
        return Place::Items;
      }
      return Place::Elsewhere;
    case Place::Hits:
      return object && key_ == Name::Total && !facts_.hits ? Place::HitsTotal : Place::Elsewhere;
    case Place::Items:
      return object ? Place::Item : Place::Elsewhere;
    case Place::Item:
      return object && wanted_.items == Name::Items ? Place::ItemAction : Place::Elsewhere;
    case Place::Shards:
    case Place::HitsTotal:
    case Place::ItemAction:
    case Place::Elsewhere:
      return Place::Elsewhere;
  }
  std::unreachable();
}

void ResponseReader::end() noexcept {
  const std::size_t depth = scanner_.depth();
  if (depth >= kPlaces) return;
  switch (places_[depth]) {
    case Place::Shards:
      shards_seen_ = true;
      break;
    case Place::Items:
      facts_.items = items_;
      facts_.failed_items = failed_items_;
      break;
    case Place::HitsTotal:
    case Place::Elsewhere:
    case Place::Top:
    case Place::Hits:
    case Place::Item:
    case Place::ItemAction:
      break;
  }
  stop_if_complete();
}

void ResponseReader::take_number() noexcept {
  const Place where = place();
  if (where == Place::Elsewhere || key_ == Name::Other) return;
  const auto number = count_of(scanner_.text());
  if (!number) return;
  switch (where) {
    case Place::Top:
      return take_number_at_top(*number);
    case Place::Shards:
      return take_shards(*number);
    case Place::Hits:  // with rest_total_hits_as_int
      if (key_ == Name::Total) set_once(facts_.hits, *number);
      return stop_if_complete();
    case Place::HitsTotal:
      if (key_ == Name::Value) set_once(facts_.hits, *number);
      return;
    case Place::Item:
    case Place::ItemAction: {
      const bool status_is_here = (where == Place::Item) == (wanted_.items == Name::Responses);
      if (status_is_here && key_ == Name::Status && *number >= 400) ++failed_items_;
      return;
    }
    case Place::Items:
    case Place::Elsewhere:
      return;
  }
}

void ResponseReader::take_number_at_top(std::uint64_t number) noexcept {
  if (key_ == Name::Took && wanted_.took) set_once(facts_.took_ms, number);
  if (key_ == wanted_.total) set_once(facts_.hits, number);
  stop_if_complete();
}

void ResponseReader::take_shards(std::uint64_t number) noexcept {
  ResponseFacts::Shards& shards = facts_.shards;
  if (key_ == Name::Total) set_once(shards.total, number);
  if (key_ == Name::Successful) set_once(shards.successful, number);
  if (key_ == Name::Skipped) set_once(shards.skipped, number);
  if (key_ == Name::Failed) set_once(shards.failed, number);
}

/// Does nothing within `hits.total`, whose members come in any order.
void ResponseReader::stop_if_complete() noexcept {
  if (place() == Place::HitsTotal) return;
  const bool wants_hits = wanted_.hits || wanted_.total != Name::Other;
  if (wanted_.took && !facts_.took_ms) return;
  if (wanted_.timed_out && !facts_.timed_out) return;
  if (wanted_.shards && !shards_seen_) return;
  if (wants_hits && !facts_.hits) return;
  if (wanted_.items != Name::Other && !facts_.items) return;
  stop(NotRead::None);
}

ResponseFacts ResponseReader::finish(bool whole) noexcept {
  if (!reading_) return facts_;
  if (!whole) {
    stop(NotRead::CutOff);
  } else if (body_.bytes() == 0) {
    stop(NotRead::NoBody);
  } else {
    stop(scanner_.finish() == JsonScanner::Token::Malformed ? NotRead::Malformed : NotRead::None);
  }
  return facts_;
}

}  // namespace osproxy
