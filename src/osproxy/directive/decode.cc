#include "osproxy/directive/decode.h"

#include <algorithm>
#include <bitset>
#include <new>
#include <unordered_set>
#include <utility>

#include <fmt/format.h>
#include <simdjson.h>

#include "osproxy/core/agent_product.h"
#include "osproxy/core/cidr.h"
#include "osproxy/core/encoding.h"
#include "osproxy/core/rfc3339.h"
#include "osproxy/directive/json_syntax.h"

namespace osproxy {
namespace {

namespace ondemand = simdjson::ondemand;
using std::chrono::milliseconds;
using std::chrono::seconds;

/// The largest integer that every JSON implementation represents exactly (RFC 7493, section 2.2).
constexpr std::int64_t kMaxInteger = (std::int64_t{1} << 53) - 1;

/// An error shows only names that are safe to show; a longer one may be a misplaced value.
constexpr std::size_t kMaxShownFieldBytes = 64;

// --- One value -----------------------------------------------------------------------------------
//
// A value that cannot be read is nullopt, whether it has another type or is not JSON: after a
// fault, decode_document() asks json_fault() which it was.

std::optional<std::string_view> text_of(ondemand::value& value) {
  std::string_view text;
  if (value.get_string().get(text) || !is_utf8(text)) return std::nullopt;
  return text;
}

std::optional<std::int64_t> integer_of(ondemand::value& value) {
  return parse_json_integer(value.raw_json_token());
}

/// Ids, reasons and authors end up in log lines, terminals and URLs: no control characters.
bool is_one_line(std::string_view text) noexcept {
  return std::ranges::none_of(text, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7f;
  });
}

// --- One field -----------------------------------------------------------------------------------

/// Nullopt: the field is good.
using Check = std::optional<Fault>;

Check read_id(ondemand::value& value, Directive& directive, const DecodeLimits&) {
  const auto text = text_of(value);
  if (!text || text->empty() || text->size() > kMaxDirectiveIdBytes || !is_one_line(*text)) {
    return Fault::BadId;
  }
  directive.id = *text;
  return std::nullopt;
}

Check read_level(ondemand::value& value, Directive& directive, const DecodeLimits&) {
  const auto text = text_of(value);
  const auto level = text ? parse_level(*text) : std::nullopt;
  if (!level) return Fault::UnknownLevel;
  directive.level = *level;
  return std::nullopt;
}

Check read_ttl_secs(ondemand::value& value, Directive& directive, const DecodeLimits& limits) {
  const auto secs = integer_of(value);
  if (!secs) return Fault::MissingTtlSecs;
  if (*secs <= 0) return Fault::ZeroTtl;
  if (seconds{*secs} > limits.max_life) return Fault::TtlTooLong;
  directive.end = RelativeEnd{*secs};
  return std::nullopt;
}

Check read_expires_at(ondemand::value& value, Directive& directive, const DecodeLimits&) {
  const auto text = text_of(value);
  const auto end = text ? parse_rfc3339_utc(*text) : std::nullopt;
  if (!end) return Fault::BadExpiresAt;
  directive.end = AbsoluteEnd{*end};
  return std::nullopt;
}

template <std::optional<std::string> Target::* field, Fault fault>
Check read_name(ondemand::value& value, Directive& directive, const DecodeLimits&) {
  const auto text = text_of(value);
  if (!text || text->empty()) return fault;
  directive.target.*field = *text;
  return std::nullopt;
}

Check read_principal_verified(ondemand::value& value, Directive& directive, const DecodeLimits&) {
  if (value.get_bool().get(directive.target.principal_verified)) return Fault::BadPrincipalVerified;
  return std::nullopt;
}

Check read_client(ondemand::value& value, Directive& directive, const DecodeLimits&) {
  const auto text = text_of(value);
  const auto block = text ? parse_cidr(*text) : std::unexpected(std::string());
  if (!block) return Fault::BadClient;
  directive.target.client = *block;
  return std::nullopt;
}

/// Text that is no product would never match.
Check read_agent(ondemand::value& value, Directive& directive, const DecodeLimits&) {
  const auto text = text_of(value);
  if (!text || !is_agent_product(*text)) return Fault::BadAgent;
  directive.target.agent = *text;
  return std::nullopt;
}

Check read_endpoint(ondemand::value& value, Directive& directive, const DecodeLimits&) {
  const auto text = text_of(value);
  if (!text) return Fault::BadEndpoint;
  directive.target.endpoint = parse_endpoint(*text);
  return directive.target.endpoint ? std::nullopt : Check(Fault::UnknownEndpoint);
}

Check read_sample_per_mille(ondemand::value& value, Directive& directive, const DecodeLimits&) {
  const auto rate = integer_of(value);
  if (!rate || *rate < 0 || *rate > 1000) return Fault::BadSampleRate;
  directive.sample_per_mille = static_cast<int>(*rate);
  return std::nullopt;
}

template <bool Directive::* field, Fault fault>
Check read_flag(ondemand::value& value, Directive& directive, const DecodeLimits&) {
  if (value.get_bool().get(directive.*field)) return fault;
  return std::nullopt;
}

Check read_min_latency_ms(ondemand::value& value, Directive& directive, const DecodeLimits&) {
  const auto latency_ms = integer_of(value);
  if (!latency_ms || *latency_ms < 0 || *latency_ms > kMaxInteger) return Fault::BadMinLatency;
  directive.min_latency = milliseconds{*latency_ms};
  return std::nullopt;
}

Check read_status(ondemand::value& value, Directive& directive, const DecodeLimits&) {
  const auto text = text_of(value);
  directive.status = text ? StatusFilter::parse(*text) : std::nullopt;
  return directive.status ? std::nullopt : Check(Fault::BadStatus);
}

Check read_shape(ondemand::value& value, Directive& directive, const DecodeLimits&) {
  const auto text = text_of(value);
  directive.shape = text ? from_hex16(*text) : std::nullopt;
  return directive.shape ? std::nullopt : Check(Fault::BadShape);
}

Check read_min_failed_items(ondemand::value& value, Directive& directive, const DecodeLimits&) {
  const auto count = integer_of(value);
  if (!count || *count <= 0 || *count > kMaxInteger) return Fault::BadMinFailedItems;
  directive.min_failed_items = static_cast<std::uint64_t>(*count);
  return std::nullopt;
}

Check read_max_records(ondemand::value& value, Directive& directive, const DecodeLimits&) {
  const auto count = integer_of(value);
  if (!count || *count <= 0 || *count > kMaxInteger) return Fault::BadMaxRecords;
  directive.max_records = static_cast<std::uint64_t>(*count);
  return std::nullopt;
}

template <std::optional<std::string> Directive::* field, Fault fault>
Check read_free_text(ondemand::value& value, Directive& directive, const DecodeLimits&) {
  const auto text = text_of(value);
  if (!text || text->size() > kMaxFreeTextBytes || !is_one_line(*text)) return fault;
  directive.*field = *text;
  return std::nullopt;
}

struct Field {
  std::string_view name;
  Check (*read)(ondemand::value&, Directive&, const DecodeLimits&);
};

constexpr Field kFields[] = {
    {"id", read_id},
    {"level", read_level},
    {"ttl_secs", read_ttl_secs},
    {"expires_at", read_expires_at},
    {"tenant", read_name<&Target::tenant, Fault::BadTenant>},
    {"index", read_name<&Target::index, Fault::BadIndex>},
    {"principal", read_name<&Target::principal, Fault::BadPrincipal>},
    {"principal_verified", read_principal_verified},
    {"endpoint", read_endpoint},
    {"client", read_client},
    {"agent", read_agent},
    {"opaque_id", read_name<&Target::opaque_id, Fault::BadOpaqueId>},
    {"sample_per_mille", read_sample_per_mille},
    {"ring_buffer", read_flag<&Directive::ring_buffer, Fault::BadRingBuffer>},
    {"capture", read_flag<&Directive::capture, Fault::BadCapture>},
    {"min_latency_ms", read_min_latency_ms},
    {"status", read_status},
    {"shape", read_shape},
    {"min_failed_items", read_min_failed_items},
    {"max_records", read_max_records},
    {"reason", read_free_text<&Directive::reason, Fault::BadReason>},
    {"author", read_free_text<&Directive::author, Fault::BadAuthor>},
};
constexpr std::size_t kFieldCount = std::size(kFields);
constexpr std::size_t kId = 0;  // the places in kFields that the rules between fields need
constexpr std::size_t kLevel = 1;
constexpr std::size_t kTtlSecs = 2;
constexpr std::size_t kExpiresAt = 3;
static_assert(kFields[kId].name == "id" && kFields[kLevel].name == "level" &&
              kFields[kTtlSecs].name == "ttl_secs" && kFields[kExpiresAt].name == "expires_at");

// --- One directive -------------------------------------------------------------------------------

/// A fault of a directive, and its field; an empty field stands for the directive itself.
struct FieldFault {
  Fault fault;
  std::string field;
};

std::string shown_field(std::string_view name) {
  const bool identifier =
      !name.empty() && name.size() <= kMaxShownFieldBytes && std::ranges::all_of(name, [](char c) {
        return ('a' <= c && c <= 'z') || ('A' <= c && c <= 'Z') || ('0' <= c && c <= '9') ||
               c == '_' || c == '.' || c == '-';
      });
  return identifier ? std::string(name) : std::string();
}

std::optional<FieldFault> check_presence(const std::bitset<kFieldCount>& seen) {
  if (!seen[kId]) return FieldFault{Fault::MissingId, "id"};
  if (!seen[kLevel]) return FieldFault{Fault::MissingLevel, "level"};
  if (seen[kTtlSecs] && seen[kExpiresAt]) return FieldFault{Fault::BadExpiresAt, "expires_at"};
  if (!seen[kTtlSecs] && !seen[kExpiresAt]) return FieldFault{Fault::MissingTtlSecs, "ttl_secs"};
  return std::nullopt;
}

std::optional<FieldFault> read_directive(ondemand::object& object, Directive& directive,
                                         const DecodeLimits& limits) {
  std::bitset<kFieldCount> seen;
  for (auto member : object) {
    ondemand::field json_field;
    std::string_view key;
    if (std::move(member).get(json_field) || json_field.unescaped_key().get(key)) {
      return FieldFault{Fault::InvalidJson, {}};
    }
    const Field* const field = std::ranges::find(kFields, key, &Field::name);
    if (field == std::end(kFields)) return FieldFault{Fault::UnknownField, shown_field(key)};
    const auto place = static_cast<std::size_t>(field - kFields);
    if (seen[place]) return FieldFault{Fault::DuplicateField, std::string(field->name)};
    seen.set(place);
    if (const Check fault = field->read(json_field.value(), directive, limits)) {
      return FieldFault{*fault, std::string(field->name)};
    }
  }
  return check_presence(seen);
}

// --- The document --------------------------------------------------------------------------------

DecodeError fault_in(std::size_t directive, FieldFault fault) {
  const std::string_view dot = fault.field.empty() ? "" : ".";
  return {.fault = fault.fault,
          .where = fmt::format("directives[{}]{}{}", directive, dot, fault.field)};
}

using Result = std::optional<DecodeError>;  // nullopt: good

Result read_directives(ondemand::value& value, Document& out, const DecodeLimits& limits) {
  ondemand::array array;
  if (value.get_array().get(array)) return DecodeError{Fault::MissingDirectives, "directives"};
  std::unordered_set<std::string> ids;
  for (auto element : array) {
    const std::size_t place = out.directives.size();
    if (place == limits.max_directives) return DecodeError{Fault::TooManyDirectives, "directives"};
    ondemand::object object;
    if (element.get_object().get(object)) return fault_in(place, {Fault::NotAnObject, {}});
    Directive directive;
    if (auto fault = read_directive(object, directive, limits)) {
      return fault_in(place, *std::move(fault));
    }
    if (!ids.insert(directive.id).second) return fault_in(place, {Fault::DuplicateId, "id"});
    out.directives.push_back(std::move(directive));
  }
  return std::nullopt;
}

Result read_document(ondemand::document& json, Document& out, const DecodeLimits& limits) {
  ondemand::object object;
  if (json.get_object().get(object)) return DecodeError{Fault::NotAnObject, {}};
  bool seen = false;
  for (auto member : object) {
    ondemand::field field;
    std::string_view key;
    if (std::move(member).get(field) || field.unescaped_key().get(key)) {
      return DecodeError{Fault::InvalidJson, {}};
    }
    if (key != "directives") return DecodeError{Fault::UnknownField, shown_field(key)};
    if (std::exchange(seen, true)) return DecodeError{Fault::DuplicateField, "directives"};
    if (auto fault = read_directives(field.value(), out, limits)) return fault;
  }
  if (json.current_location().error() != simdjson::OUT_OF_BOUNDS) {  // something follows
    return DecodeError{Fault::InvalidJson, {}};
  }
  if (!seen) return DecodeError{Fault::MissingDirectives, "directives"};
  return std::nullopt;
}

Result read_bytes(std::string_view bytes, Document& out, const DecodeLimits& limits) {
  std::string padded;
  padded.reserve(bytes.size() + simdjson::SIMDJSON_PADDING);
  padded.append(bytes).append(simdjson::SIMDJSON_PADDING, '\0');

  ondemand::parser parser;
  ondemand::document json;
  const auto error = parser.iterate(padded.data(), bytes.size(), padded.size()).get(json);
  if (error == simdjson::MEMALLOC) throw std::bad_alloc();
  if (error == simdjson::CAPACITY) return DecodeError{Fault::TooLarge, {}};
  if (error) return DecodeError{Fault::InvalidJson, {}};
  return read_document(json, out, limits);
}

}  // namespace

std::expected<Document, DecodeError> decode_document(std::string_view bytes,
                                                     const DecodeLimits& limits) {
  if (bytes.size() > limits.max_bytes) return std::unexpected(DecodeError{Fault::TooLarge, {}});
  Document document;
  auto error = read_bytes(bytes, document, limits);
  if (!error) return document;
  // Text that is not JSON has no fields that could be wrong.
  if (const auto fault = json_fault(bytes)) error = DecodeError{*fault, {}};
  return std::unexpected(*std::move(error));
}

}  // namespace osproxy
