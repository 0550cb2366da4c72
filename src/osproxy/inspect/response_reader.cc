#include "osproxy/inspect/response_reader.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "osproxy/inspect/filter_path.h"

namespace osproxy {
namespace {

void set_once(ResponseFacts::Count& count, std::uint64_t number) noexcept {
  if (!count) count = number;
}

constexpr std::uint64_t kMaxStatus = 599;

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

ResponseReader::Wanted ResponseReader::wanted_of(const BodyHead& head) noexcept {
  if (head.is_stream) return {};
  if (head.is_by_query || head.endpoint == Endpoint::DeleteByQuery) {
    const bool is_delete = head.endpoint == Endpoint::DeleteByQuery;
    return {.any = true,
            .took = true,
            .timed_out = true,
            .by_query = true,
            .total = is_delete ? Name::Total : Name::Other};
  }
  switch (head.endpoint) {
    case Endpoint::Search:
    case Endpoint::Cursor:
      return {.any = true, .took = true, .timed_out = true, .shards = true, .hits = true};
    case Endpoint::MultiSearch:
      return {.any = true, .took = true, .items = Name::Responses};
    case Endpoint::Count:
      return {.any = true, .shards = true, .total = Name::Count};
    case Endpoint::IngestBulk:
      return {.any = true, .took = true, .items = Name::Items};
    case Endpoint::MultiGet:
      return {.any = true, .items = Name::Docs};
    case Endpoint::IngestDoc:
    case Endpoint::DeleteById:
      return {.any = true, .shards = true};
    case Endpoint::DeleteByQuery:
    case Endpoint::GetById:
    case Endpoint::Admin:
    case Endpoint::Unknown:
      return {};
  }
  std::unreachable();
}

ResponseReader::Name ResponseReader::name_of(std::string_view key) noexcept {
  using enum Name;
  const auto if_it_is = [key](std::string_view text, Name name) {
    return key == text ? name : Other;
  };
  // Two comparisons at most. Two names with the same tag would be a repeated case, which does not
  // compile.
  // clang-format off
  switch (tag_of(key)) {
    case tag_of("took"): return key == "type" ? Type : if_it_is("took", Took);
    case tag_of("timed_out"): return if_it_is("timed_out", TimedOut);
    case tag_of("terminated_early"): return if_it_is("terminated_early", TerminatedEarly);
    case tag_of("_shards"): return if_it_is("_shards", Shards);
    case tag_of("hits"): return if_it_is("hits", Hits);
    case tag_of("total"): return if_it_is("total", Total);
    case tag_of("value"): return if_it_is("value", Value);
    case tag_of("relation"): return if_it_is("relation", Relation);
    case tag_of("successful"): return if_it_is("successful", Successful);
    case tag_of("skipped"): return if_it_is("skipped", Skipped);
    case tag_of("failed"): return if_it_is("failed", Failed);
    case tag_of("count"): return if_it_is("count", Count);
    case tag_of("items"): return key == "index" ? Index : if_it_is("items", Name::Items);
    case tag_of("create"): return if_it_is("create", Create);
    case tag_of("update"): return if_it_is("update", Update);
    case tag_of("delete"): return if_it_is("delete", Delete);
    case tag_of("responses"): return if_it_is("responses", Responses);
    case tag_of("docs"): return if_it_is("docs", Docs);
    case tag_of("status"): return if_it_is("status", Status);
    case tag_of("error"): return if_it_is("error", Error);
    case tag_of("errors"): return if_it_is("errors", Errors);
    case tag_of("found"): return if_it_is("found", Found);
    case tag_of("created"): return if_it_is("created", Created);
    case tag_of("updated"): return if_it_is("updated", Updated);
    case tag_of("deleted"): return if_it_is("deleted", Deleted);
    case tag_of("version_conflicts"): return if_it_is("version_conflicts", VersionConflicts);
    case tag_of("failures"): return if_it_is("failures", Failures);
    default: return Other;
  }
  // clang-format on
}

ResponseReader::ResponseReader(const BodyHead& head) noexcept
    : wanted_(wanted_of(head)), body_(head, kMaxBytes) {
  if (!wanted_.any) {
    stop(NotRead::NotApplicable);
  } else if (body_.unreadable() != NotRead::None) {
    stop(body_.unreadable());
  }
  const auto is_whole = [&head](std::string_view list) {
    return filter_path_keeps(head.query, list);
  };
  if (wanted_.items == Name::Items) items_are_whole_ = is_whole("items");
  if (wanted_.items == Name::Responses) items_are_whole_ = is_whole("responses");
  if (wanted_.items == Name::Docs) items_are_whole_ = is_whole("docs");
  if (wanted_.by_query) failures_are_whole_ = is_whole("failures");
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
      return take_text();
    case Token::True:
      return take_flag(true);
    case Token::False:
      return take_flag(false);
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
  // An error is an object; in a multi-search of an old OpenSearch a text.
  if (depth >= 2 && is_of_item(places_[depth - 2]) && key_ == Name::Error) {
    item_.ended = item_.failed = true;
  }
  const Place place = places_[depth - 1] = place_of(object);
  if (place == Place::Item) item_ = {};
  if (place == Place::ItemAction && !item_.action) item_.action = action_of(key_);
  if (place == Place::Items) items_seen_ = true;
  if (depth >= 2 && places_[depth - 2] == Place::Failures) ++failures_;
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
      if (!object && key_ == Name::Failures && wanted_.by_query && !failures_seen_) {
        return Place::Failures;
      }
      return Place::Elsewhere;
    case Place::Hits:
      return object && key_ == Name::Total && !facts_.hits ? Place::HitsTotal : Place::Elsewhere;
    case Place::Items:
      return object ? Place::Item : Place::Elsewhere;
    case Place::Item:
      if (!object) return Place::Elsewhere;
      if (wanted_.items == Name::Items) return Place::ItemAction;
      if (key_ == Name::Error) return Place::ItemError;
      return wanted_.items == Name::Responses && key_ == Name::Shards ? Place::ItemShards
                                                                      : Place::Elsewhere;
    case Place::ItemAction:
      return object && key_ == Name::Error ? Place::ItemError : Place::Elsewhere;
    case Place::Shards:
    case Place::HitsTotal:
    case Place::ItemShards:
    case Place::ItemError:
    case Place::Failures:
    case Place::Elsewhere:
      return Place::Elsewhere;
  }
  std::unreachable();
}

/// True for the object in which an item says how it ended.
bool ResponseReader::is_of_item(Place where) const noexcept {
  return where == (wanted_.items == Name::Items ? Place::ItemAction : Place::Item);
}

void ResponseReader::end() noexcept {
  const std::size_t depth = scanner_.depth();
  if (depth >= kPlaces) return;
  switch (places_[depth]) {
    case Place::Shards:
      shards_seen_ = true;
      break;
    case Place::Item:
      end_item();
      break;
    case Place::Items:
      end_items();
      break;
    case Place::Failures:
      failures_seen_ = true;
      if (failures_are_whole_) facts_.failures = failures_;
      break;
    case Place::HitsTotal:
    case Place::Elsewhere:
    case Place::Top:
    case Place::Hits:
    case Place::ItemAction:
    case Place::ItemShards:
    case Place::ItemError:
      break;
  }
  stop_if_complete();
}

/// Adds an item to the sums. An item that failed as a whole has nothing else to say.
void ResponseReader::end_item() noexcept {
  ++items_.count;
  items_.all_ended = items_.all_ended && item_.ended;
  items_.failed += item_.failed ? 1U : 0U;
  if (item_.failed) item_failures_.add({item_.error.data(), item_.error_size}, item_.status);
  items_.all_have_actions = items_.all_have_actions && item_.action;
  if (item_.action) ++items_.by_action[static_cast<std::size_t>(*item_.action)];
  items_.missing += item_.missing ? 1U : 0U;
  items_.timed_out += item_.timed_out.value_or(false) ? 1U : 0U;
  items_.shard_failed += item_.shards.failed.value_or(0) > 0 ? 1U : 0U;
  if (item_.terminated_early) {
    items_.terminated_early = items_.terminated_early.value_or(false) || *item_.terminated_early;
  }
  if (item_.failed) return;
  items_.all_tell_times = items_.all_tell_times && item_.timed_out.has_value();
  const auto add = [](ResponseFacts::Count& sum, const ResponseFacts::Count& more) {
    sum = sum && more ? ResponseFacts::Count(*sum + *more) : std::nullopt;
  };
  add(items_.shards.total, item_.shards.total);
  add(items_.shards.successful, item_.shards.successful);
  add(items_.shards.skipped, item_.shards.skipped);
  add(items_.shards.failed, item_.shards.failed);
}

/// Takes over the sums that hold for all items.
void ResponseReader::end_items() noexcept {
  if (wanted_.items == Name::Responses) {
    facts_.terminated_early = items_.terminated_early;
    if (items_.timed_out > 0) facts_.timed_out = true;
  }
  if (!items_are_whole_) return;
  facts_.items = items_.count;
  if (items_.all_ended) {
    facts_.failed_items = items_.failed;
    facts_.failures_by_error = item_failures_.take();
  }
  if (wanted_.items == Name::Items && items_.all_have_actions) {
    facts_.items_by_action = items_.by_action;
  }
  if (wanted_.items == Name::Docs && items_.all_ended) facts_.missing_items = items_.missing;
  if (wanted_.items != Name::Responses) return;
  facts_.shards = items_.shards;
  if (items_.shards.failed) facts_.shard_failed_items = items_.shard_failed;
  if (!items_.all_ended || !items_.all_tell_times) return;
  facts_.timed_out_items = items_.timed_out;
  facts_.timed_out = items_.timed_out > 0;
}

std::optional<BulkAction> ResponseReader::action_of(Name name) noexcept {
  if (name == Name::Index) return BulkAction::Index;
  if (name == Name::Create) return BulkAction::Create;
  if (name == Name::Update) return BulkAction::Update;
  return name == Name::Delete ? std::optional(BulkAction::Delete) : std::nullopt;
}

void ResponseReader::take_text() noexcept {
  if (place() == Place::ItemError && key_ == Name::Type && item_.error_size == 0) {
    const auto size = scanner_.text().copy(item_.error.data(), item_.error.size());
    item_.error_size = static_cast<std::uint8_t>(size);
  }
  if (is_of_item(place()) && key_ == Name::Error) item_.ended = item_.failed = true;
  if (place() != Place::HitsTotal || key_ != Name::Relation || facts_.hits_are_at_least) return;
  if (scanner_.text() == "gte") facts_.hits_are_at_least = true;
  if (scanner_.text() == "eq") facts_.hits_are_at_least = false;
}

void ResponseReader::take_flag(bool flag) noexcept {
  const auto set_once = [flag](ResponseFacts::Flag& fact) {
    if (!fact) fact = flag;
  };
  const Place where = place();
  if (where == Place::Top) {
    if (key_ == Name::TimedOut && wanted_.timed_out) set_once(facts_.timed_out);
    const bool may_end_early = wanted_.shards && (wanted_.hits || wanted_.total == Name::Count);
    if (key_ == Name::TerminatedEarly && may_end_early) set_once(facts_.terminated_early);
    if (key_ == Name::Errors && wanted_.items == Name::Items) set_once(facts_.errors);
    stop_if_complete();
  } else if (where == Place::Item && wanted_.items == Name::Responses) {
    if (key_ == Name::TimedOut) set_once(item_.timed_out);
    if (key_ == Name::TerminatedEarly) set_once(item_.terminated_early);
  } else if (where == Place::Item && wanted_.items == Name::Docs && key_ == Name::Found) {
    item_.ended = true;
    item_.missing = item_.missing || !flag;
  }
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
      return take_shards(facts_.shards, *number);
    case Place::ItemShards:
      return take_shards(item_.shards, *number);
    case Place::Hits:  // with rest_total_hits_as_int, which asks OpenSearch to count them all
      if (key_ == Name::Total && !facts_.hits) {
        facts_.hits = number;
        facts_.hits_are_at_least = false;
      }
      return stop_if_complete();
    case Place::HitsTotal:
      if (key_ == Name::Value) set_once(facts_.hits, *number);
      return;
    case Place::Item:
    case Place::ItemAction:
      if (is_of_item(where) && wanted_.items != Name::Docs && key_ == Name::Status) {
        item_.ended = true;
        item_.failed = item_.failed || *number >= 400;
        if (*number <= kMaxStatus) item_.status = static_cast<int>(*number);
      }
      return;
    case Place::Items:
    case Place::ItemError:
    case Place::Failures:
    case Place::Elsewhere:
      return;
  }
}

void ResponseReader::take_number_at_top(std::uint64_t number) noexcept {
  if (key_ == Name::Took && wanted_.took) set_once(facts_.took_ms, number);
  if (key_ == wanted_.total) set_once(facts_.hits, number);
  if (wanted_.by_query) {
    if (key_ == Name::Total) set_once(facts_.total, number);
    if (key_ == Name::Created) set_once(facts_.created, number);
    if (key_ == Name::Updated) set_once(facts_.updated, number);
    if (key_ == Name::Deleted) set_once(facts_.deleted, number);
    if (key_ == Name::VersionConflicts) set_once(facts_.version_conflicts, number);
  }
  stop_if_complete();
}

void ResponseReader::take_shards(ResponseFacts::Shards& shards,
                                 std::uint64_t number) const noexcept {
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
  if (wanted_.by_query && !facts_.failures) return;
  stop(NotRead::None);
}

ResponseFacts ResponseReader::finish(bool whole) noexcept {
  if (!reading_) return std::move(facts_);
  if (!whole) {
    stop(NotRead::CutOff);
  } else if (body_.bytes() == 0) {
    stop(body_.is_cut_off() ? NotRead::Malformed : NotRead::NoBody);
  } else {
    stop(scanner_.finish() == JsonScanner::Token::Malformed ? NotRead::Malformed : NotRead::None);
  }
  return std::move(facts_);
}

}  // namespace osproxy
