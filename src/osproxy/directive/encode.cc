#include "osproxy/directive/encode.h"

#include <iterator>
#include <optional>
#include <string_view>

#include <fmt/format.h>

#include "osproxy/core/json.h"
#include "osproxy/core/rfc3339.h"

namespace osproxy {
namespace {

/// Writes the fields of one object; the order of the calls is the order of the fields.
class ObjectWriter {
 public:
  explicit ObjectWriter(std::string& out) : out_(out) { out_ += '{'; }

  void text(std::string_view name, std::optional<std::string_view> value) {
    if (!value) return;
    key(name);
    append_json_string(out_, *value);
  }

  template <class Integer>
  void integer(std::string_view name, Integer value) {
    key(name);
    fmt::format_to(std::back_inserter(out_), "{}", value);
  }

  void flag(std::string_view name, bool value) {
    if (!value) return;  // false is the default of every flag
    key(name);
    out_ += "true";
  }

  void close() { out_ += '}'; }

 private:
  void key(std::string_view name) {
    if (!first_) out_ += ',';
    first_ = false;
    append_json_string(out_, name);
    out_ += ':';
  }

  std::string& out_;
  bool first_ = true;
};

void write_end(ObjectWriter& object, const PublishedEnd& end) {
  if (const auto* relative = std::get_if<RelativeEnd>(&end)) {
    object.integer("ttl_secs", relative->count());
  } else {
    object.text("expires_at", format_rfc3339(std::get<AbsoluteEnd>(end)));
  }
}

void write_directive(std::string& out, const Directive& directive) {
  ObjectWriter object(out);
  object.text("id", directive.id);
  object.text("level", to_string(directive.level));
  write_end(object, directive.end);
  object.text("tenant", directive.target.tenant);
  object.text("index", directive.target.index);
  object.text("principal", directive.target.principal);
  if (directive.target.endpoint) object.text("endpoint", to_string(*directive.target.endpoint));
  if (directive.sample_per_mille != 1000) {
    object.integer("sample_per_mille", directive.sample_per_mille);
  }
  object.flag("ring_buffer", directive.ring_buffer);
  object.flag("capture", directive.capture);
  if (directive.min_latency) object.integer("min_latency_ms", directive.min_latency->count());
  if (directive.status) object.text("status", directive.status->to_string());
  if (directive.max_records) object.integer("max_records", *directive.max_records);
  object.text("reason", directive.reason);
  object.text("author", directive.author);
  object.close();
}

}  // namespace

std::string encode_document(const Document& document) {
  std::string out = R"({"directives":[)";
  for (const Directive& directive : document.directives) {
    if (&directive != document.directives.data()) out += ',';
    write_directive(out, directive);
  }
  out += "]}";
  return out;
}

std::string encode_directive(const Directive& directive) {
  std::string out;
  write_directive(out, directive);
  return out;
}

}  // namespace osproxy
