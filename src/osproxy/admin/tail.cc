// GET /admin/tail: sends each new record as a server-sent event.
#include <limits>
#include <memory>
#include <optional>
#include <utility>

#include "osproxy/admin/event_source.h"
#include "osproxy/admin/handlers.h"
#include "osproxy/admin/query.h"
#include "osproxy/core/duration.h"
#include "osproxy/core/rfc3339.h"
#include "osproxy/observe/record_tail.h"
#include "osproxy/record/record.h"

namespace osproxy::admin {
namespace {

// The text that is made at a time: other connections of the admin thread wait meanwhile.
constexpr std::size_t kTextBytes = std::size_t{64} << 10;

std::string event(std::string_view type, std::string_view data) {
  std::string text("event: ");
  return text.append(type).append("\ndata: ").append(data).append("\n\n");
}

std::string count_event(std::string_view type, std::uint64_t count) {
  JsonWriter json;
  json.begin_object().field("count", count).end_object();
  return event(type, std::move(json).take());
}

// Reports when a directive ends, and again when that changes or the directive is gone.
class DirectiveNews {
 public:
  DirectiveNews(const DirectiveStore& store, std::optional<std::string> id)
      : store_(store), id_(std::move(id)) {}

  // Empty if there is nothing new.
  std::string next() {
    if (!id_) return "";
    auto set = store_.load();
    if (set == seen_) return "";
    seen_ = std::move(set);
    std::string end;
    for (const CompiledDirective& one : seen_->directives()) {
      if (one.directive.id == *id_) end = format_rfc3339(one.life.wall_end);
    }
    if (end == end_) return "";
    end_ = end;
    JsonWriter json;
    json.begin_object().field_or_null("expires_at", end_).end_object();
    return event("directive", std::move(json).take());
  }

 private:
  const DirectiveStore& store_;
  const std::optional<std::string> id_;
  DirectiveSet::Pointer seen_;
  std::string end_;
};

class TailEvents final : public EventSource {
 public:
  TailEvents(std::unique_ptr<RecordTail::Reader> reader, std::uint64_t limit, DirectiveNews news,
             std::string greeting)
      : reader_(std::move(reader)),
        left_(limit),
        news_(std::move(news)),
        text_(std::move(greeting)) {}

  std::optional<std::string> next() override {
    text_ += news_.next();
    if (next_ == taken_.records.size()) take();
    for (; next_ < taken_.records.size() && left_ > 0 && text_.size() < kTextBytes; ++next_) {
      text_ += event("record", to_json(*taken_.records[next_]));
      taken_.records[next_].reset();
      --left_;
    }
    if (text_.empty() && left_ == 0) return std::nullopt;
    return std::exchange(text_, {});
  }

 private:
  void take() {
    taken_ = reader_->take();
    next_ = 0;
    if (taken_.dropped > 0) text_ += count_event("dropped", taken_.dropped);
    if (taken_.held_back > 0) text_ += count_event("held_back", taken_.held_back);
  }

  const std::unique_ptr<RecordTail::Reader> reader_;
  RecordTail::Taken taken_;
  std::size_t next_ = 0;
  std::uint64_t left_;
  DirectiveNews news_;
  std::string text_;
};

struct Wanted {
  RecordFilter filter;
  std::uint64_t limit = std::numeric_limits<std::uint64_t>::max();
};

constexpr QueryParameter<Wanted> kParameters[] = {
    {"directive", "the id of a directive",
     [](Wanted& w, std::string v) { return set(w.filter.directive, std::move(v)); }},
    {"tenant", "the name of a tenant",
     [](Wanted& w, std::string v) { return set(w.filter.target.tenant, std::move(v)); }},
    {"index", "the name of an index",
     [](Wanted& w, std::string v) { return set(w.filter.target.index, std::move(v)); }},
    {"principal", "the name of a principal",
     [](Wanted& w, std::string v) { return set(w.filter.target.principal, std::move(v)); }},
    {"endpoint", "one of the twelve endpoints, as in Search",
     [](Wanted& w, std::string v) { return set(w.filter.target.endpoint, parse_endpoint(v)); }},
    {"status", "a class or a code, as in 5xx or 429",
     [](Wanted& w, std::string v) { return set(w.filter.status, StatusFilter::parse(v)); }},
    {"slower", "a duration, as in 250ms, 1s or 1m30s",
     [](Wanted& w, std::string v) { return set(w.filter.slower, parse_duration(v)); }},
    {"limit", "a whole number greater than zero",
     [](Wanted& w, std::string v) { return set_limit(w.limit, v); }},
};

std::string greeting(const std::string& instance) {
  JsonWriter json;
  json.begin_object().field("instance", instance).end_object();
  return event("instance", std::move(json).take());
}

}  // namespace

Response get_tail(const Context& context, const Request& request, std::string_view) {
  if (context.dependencies.tail == nullptr) {
    return error_response(404, "output_off", "there is no live tail on this instance");
  }
  auto wanted = read_query(request.query(), kParameters);
  if (!wanted) return std::move(wanted).error();
  DirectiveNews news(context.dependencies.store, wanted->filter.directive);
  auto reader = context.dependencies.tail->open(std::move(wanted->filter));
  if (!reader) {
    return error_response(
        503, "too_many_readers",
        "the tail is at its limit of readers: " + std::to_string(RecordTail::kMaxReaders));
  }
  return {.content_type = "text/event-stream",
          .events = std::make_shared<TailEvents>(std::move(reader), wanted->limit, std::move(news),
                                                 greeting(context.options.instance))};
}

}  // namespace osproxy::admin
