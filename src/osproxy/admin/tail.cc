// GET /admin/tail: sends each new record as a server-sent event.
#include <charconv>
#include <limits>
#include <memory>
#include <optional>
#include <utility>

#include "osproxy/admin/event_source.h"
#include "osproxy/admin/handlers.h"
#include "osproxy/core/agent_product.h"
#include "osproxy/core/cidr.h"
#include "osproxy/core/duration.h"
#include "osproxy/core/encoding.h"
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

bool set(std::optional<std::string>& into, std::string text) {
  if (text.empty()) return false;
  into = std::move(text);
  return true;
}

// The result of parsing, if there is one.
template <class T>
bool set(std::optional<T>& into, std::optional<T> parsed) {
  into = parsed;
  return parsed.has_value();
}

std::optional<Cidr> block_of(std::string_view text) {
  const auto block = parse_cidr(text);
  return block ? std::optional(*block) : std::nullopt;
}

bool set_limit(std::uint64_t& into, std::string_view text) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), into);
  return error == std::errc{} && end == text.data() + text.size() && into > 0;
}

struct Parameter {
  std::string_view name;
  std::string_view rule;  ///< what its value must be
  bool (*store)(Wanted&, std::string value);
};

constexpr Parameter kParameters[] = {
    {"directive", "the id of a directive",
     [](Wanted& w, std::string v) { return set(w.filter.directive, std::move(v)); }},
    {"tenant", "the name of a tenant",
     [](Wanted& w, std::string v) { return set(w.filter.target.tenant, std::move(v)); }},
    {"index", "the name of an index",
     [](Wanted& w, std::string v) { return set(w.filter.target.index, std::move(v)); }},
    {"principal", "the name of a principal",
     [](Wanted& w, std::string v) { return set(w.filter.target.principal, std::move(v)); }},
    {"client", "an IP address or a block, as in 10.0.0.0/8",
     [](Wanted& w, std::string v) { return set(w.filter.target.client, block_of(v)); }},
    {"agent", "a product of User-Agent, as in curl or curl/8.0",
     [](Wanted& w, std::string v) {
       return is_agent_product(v) && set(w.filter.target.agent, std::move(v));
     }},
    {"opaque_id", "an X-Opaque-Id",
     [](Wanted& w, std::string v) { return set(w.filter.target.opaque_id, std::move(v)); }},
    {"endpoint", "one of the twelve endpoints, as in Search",
     [](Wanted& w, std::string v) { return set(w.filter.target.endpoint, parse_endpoint(v)); }},
    {"status", "a class or a code, as in 5xx or 429",
     [](Wanted& w, std::string v) { return set(w.filter.status, StatusFilter::parse(v)); }},
    {"slower", "a duration, as in 250ms, 1s or 1m30s",
     [](Wanted& w, std::string v) { return set(w.filter.slower, parse_duration(v)); }},
    {"limit", "a whole number greater than zero",
     [](Wanted& w, std::string v) { return set_limit(w.limit, v); }},
};

Response bad_filter(std::string reason) { return error_response(400, "bad_filter", reason); }

// Does not repeat an unknown name: the client may have sent anything.
Response unknown_filter(std::size_t position) {
  std::string reason =
      "filter " + std::to_string(position) + " of the query is unknown or malformed; there are";
  for (const Parameter& parameter : kParameters)
    reason.append(" ").append(parameter.name).append("=");
  return bad_filter(std::move(reason));
}

std::expected<void, Response> read_parameter(std::string_view text, std::size_t position,
                                             Wanted& wanted, unsigned& seen) {
  const std::size_t equals = text.find('=');
  for (unsigned i = 0; i < std::size(kParameters); ++i) {
    const Parameter& parameter = kParameters[i];
    if (equals == text.npos || text.substr(0, equals) != parameter.name) continue;
    const std::string name(parameter.name);
    if ((seen & 1U << i) != 0) return std::unexpected(bad_filter(name + " is given twice"));
    seen |= 1U << i;
    auto value = percent_decode(text.substr(equals + 1));
    if (!value || !parameter.store(wanted, *std::move(value))) {
      return std::unexpected(bad_filter(name + " must be " + std::string(parameter.rule)));
    }
    return {};
  }
  return std::unexpected(unknown_filter(position));
}

std::expected<Wanted, Response> read_query(std::string_view query) {
  Wanted wanted;
  unsigned seen = 0;  // a bit for each of kParameters
  for (std::size_t position = 1; !query.empty(); ++position) {
    const std::size_t end = query.find('&');
    auto read = read_parameter(query.substr(0, end), position, wanted, seen);
    if (!read) return std::unexpected(std::move(read).error());
    query = end == query.npos ? std::string_view{} : query.substr(end + 1);
  }
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
  auto wanted = read_query(request.query());
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
