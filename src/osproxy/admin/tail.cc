// GET /admin/tail: sends each new record as a server-sent event.
#include <limits>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "osproxy/admin/event_source.h"
#include "osproxy/admin/handlers.h"
#include "osproxy/admin/query.h"
#include "osproxy/admin/visible_directives.h"
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
  DirectiveNews(const DirectiveStore& store, std::optional<std::string> id, CallerPointer caller)
      : store_(store), id_(std::move(id)), caller_(std::move(caller)) {}

  // Empty if there is nothing new.
  std::string next() {
    if (!id_) return "";
    auto set = store_.load();
    if (set == seen_) return "";
    seen_ = std::move(set);
    std::string end;
    for (const CompiledDirective& one : seen_->directives()) {
      if (one.directive.id == *id_ && sees(*caller_, one.directive))
        end = format_rfc3339(one.life.wall_end);
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
  const CallerPointer caller_;
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

std::expected<Wanted, Response> read_wanted(const Request& request) {
  Wanted wanted;
  wanted.filter.tenants = request.caller->tenants;
  std::vector<Parameter> parameters = filter_parameters(wanted.filter);
  parameters.push_back({"limit", "a whole number greater than zero", [&](const std::string& v) {
                          return set_number<std::uint64_t>(
                              wanted.limit, v, 1, std::numeric_limits<std::uint64_t>::max());
                        }});
  auto read = read_query(request.query(), parameters);
  if (!read) return std::unexpected(std::move(read).error());
  return wanted;
}

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
  auto wanted = read_wanted(request);
  if (!wanted) return std::move(wanted).error();
  DirectiveNews news(context.dependencies.store, wanted->filter.directive, request.caller);
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
