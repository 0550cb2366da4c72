#include "osproxy/store/ack.h"

#include <utility>

#include <fmt/format.h>
#include <simdjson.h>

#include "osproxy/core/json_writer.h"
#include "osproxy/core/rfc3339.h"

namespace osproxy {
namespace {

namespace dom = simdjson::dom;

constexpr std::size_t kMaxDepth = 16;  // an ack has two levels

void write_rejected(JsonWriter& json, const std::optional<InstanceAck::Rejected>& rejected) {
  if (!rejected) {
    json.null();
    return;
  }
  json.begin_object().field("revision", rejected->revision).field("slug", rejected->slug);
  json.field("where", rejected->where).end_object();
}

void write_thinned(JsonWriter& json, const InstanceAck::Thinned& thinned) {
  json.begin_object().field("id", thinned.id).field("since", format_rfc3339(thinned.since));
  json.field("reason", thinned.reason).field("refused", thinned.refused).end_object();
}

/// Reads the fields of one object and remembers the first fault.
class Fields {
 public:
  explicit Fields(dom::element object) : object_(object) {}

  std::string text(const char* name) {
    std::string_view value;
    if (object_[name].get(value) != simdjson::SUCCESS) wrong(name, "a string");
    return std::string(value);
  }

  std::int64_t count(const char* name) {
    std::int64_t value = 0;
    if (object_[name].get(value) != simdjson::SUCCESS || value < 0) wrong(name, "a whole number");
    return value;
  }

  WallTime time(const char* name) {
    const auto value = parse_rfc3339_utc(text(name));
    if (!value) wrong(name, "a time in UTC");
    return value.value_or(WallTime{});
  }

  bool has(const char* name) const {
    dom::element value;
    return object_[name].get(value) == simdjson::SUCCESS && !value.is_null();
  }

  dom::element object(const char* name) {
    dom::element value;
    if (object_[name].get(value) != simdjson::SUCCESS || !value.is_object()) {
      wrong(name, "an object");
    }
    return value;
  }

  void adopt(const Fields& inner) {
    if (fault_.empty()) fault_ = inner.fault_;
  }
  const std::string& fault() const { return fault_; }

 private:
  void wrong(const char* name, const char* expected) {
    if (fault_.empty()) fault_ = fmt::format("{} is not {}", name, expected);
  }

  dom::element object_;
  std::string fault_;
};

std::optional<InstanceAck::Rejected> decode_rejected(Fields& ack) {
  if (!ack.has("rejected")) return std::nullopt;
  const dom::element object = ack.object("rejected");
  if (!ack.fault().empty()) return std::nullopt;
  Fields fields(object);
  InstanceAck::Rejected rejected{.revision = fields.count("revision"),
                                 .slug = fields.text("slug"),
                                 .where = fields.text("where")};
  ack.adopt(fields);
  return rejected;
}

// Acks of older versions have none.
std::vector<InstanceAck::Thinned> decode_thinned(dom::element root, Fields& ack) {
  std::vector<InstanceAck::Thinned> thinned;
  dom::array array;
  if (root["thinned"].get(array) != simdjson::SUCCESS) return thinned;
  for (const dom::element element : array) {
    if (thinned.size() == InstanceAck::kMaxThinned) break;
    Fields fields(element);
    thinned.push_back({.id = fields.text("id"),
                       .since = fields.time("since"),
                       .reason = fields.text("reason"),
                       .refused = fields.count("refused")});
    ack.adopt(fields);
  }
  return thinned;
}

}  // namespace

std::string encode_ack(const InstanceAck& ack) {
  JsonWriter json;
  json.begin_object().field("instance", ack.instance).field("revision", ack.revision);
  write_rejected(json.key("rejected"), ack.rejected);
  json.field("state", ack.state);
  json.key("verified_age_ms");
  ack.verified_age ? json.value(ack.verified_age->count()) : json.null();
  json.field("version", ack.version).field("started", format_rfc3339(ack.started));
  json.field("written", format_rfc3339(ack.written)).field_or_null("admin", ack.admin);
  json.field("thinned_count", ack.thinned_count);
  json.key("thinned").begin_array();
  for (const InstanceAck::Thinned& thinned : ack.thinned) write_thinned(json, thinned);
  json.end_array().end_object();
  return std::move(json).take();
}

std::expected<InstanceAck, std::string> decode_ack(std::string_view value) {
  if (value.size() > kMaxAckBytes) return std::unexpected("it is too large");
  dom::parser parser;
  dom::element root;
  if (parser.allocate(value.size(), kMaxDepth) != simdjson::SUCCESS ||
      parser.parse(value.data(), value.size()).get(root) != simdjson::SUCCESS ||
      !root.is_object()) {
    return std::unexpected("it is not a JSON object");
  }
  Fields fields(root);
  InstanceAck ack{.instance = fields.text("instance"),
                  .revision = fields.count("revision"),
                  .rejected = decode_rejected(fields),
                  .state = fields.text("state"),
                  .verified_age = std::nullopt,
                  .version = fields.text("version"),
                  .started = fields.time("started"),
                  .written = fields.time("written"),
                  .admin = fields.has("admin") ? fields.text("admin") : "",
                  .thinned = decode_thinned(root, fields)};
  if (fields.has("thinned_count")) ack.thinned_count = fields.count("thinned_count");
  if (fields.has("verified_age_ms")) {
    ack.verified_age = std::chrono::milliseconds{fields.count("verified_age_ms")};
  }
  if (!fields.fault().empty()) return std::unexpected(fields.fault());
  return ack;
}

}  // namespace osproxy
