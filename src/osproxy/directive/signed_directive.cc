#include "osproxy/directive/signed_directive.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>
#include <simdjson.h>

#include "osproxy/core/encoding.h"
#include "osproxy/core/hmac.h"
#include "osproxy/core/json_writer.h"
#include "osproxy/directive/decode.h"
#include "osproxy/directive/json_syntax.h"

namespace osproxy {
namespace {

namespace dom = simdjson::dom;

using Check = std::optional<SignedFault>;  // nullopt: good

Check read_level(dom::element value, SignedDirective& directive) {
  std::string_view text;
  const auto level = value.get(text) ? std::nullopt : parse_level(text);
  if (!level) return SignedFault::BadLevel;
  directive.level = *level;
  return std::nullopt;
}

Check read_exp(dom::element value, SignedDirective& directive) {
  // Beyond what any calendar needs; no sum with it overflows.
  constexpr std::int64_t kMost = std::int64_t{1} << 33;
  std::int64_t seconds = 0;
  if (!value.is_int64() || value.get(seconds) || seconds < 0 || seconds > kMost) {
    return SignedFault::BadExp;
  }
  directive.expires = std::chrono::sys_seconds{std::chrono::seconds{seconds}};
  return std::nullopt;
}

Check read_id(dom::element value, SignedDirective& directive) {
  std::string_view text;
  const auto is_control = [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == '\x7f';
  };
  if (value.get(text) || text.empty() || text.size() > kMaxDirectiveIdBytes ||
      std::ranges::any_of(text, is_control)) {
    return SignedFault::BadField;
  }
  directive.id = text;
  return std::nullopt;
}

Check read_ring_buffer(dom::element value, SignedDirective& directive) {
  return value.get(directive.ring_buffer) ? Check(SignedFault::BadField) : std::nullopt;
}

struct Field {
  std::string_view name;
  Check (*read)(dom::element, SignedDirective&);
};

constexpr std::array<Field, 4> kFields{{
    {"level", read_level},
    {"exp", read_exp},
    {"id", read_id},
    {"ring_buffer", read_ring_buffer},
}};

Check read_fields(dom::object object, SignedDirective& directive) {
  std::array<bool, kFields.size()> seen{};
  for (const dom::key_value_pair member : object) {
    const auto field = std::ranges::find(kFields, member.key, &Field::name);
    if (field == kFields.end()) return SignedFault::BadJson;
    if (std::exchange(seen[static_cast<std::size_t>(field - kFields.begin())], true)) {
      return SignedFault::BadJson;
    }
    if (const Check fault = field->read(member.value, directive)) return fault;
  }
  if (!seen[0]) return SignedFault::BadLevel;
  if (!seen[1]) return SignedFault::BadExp;
  return std::nullopt;
}

std::expected<SignedDirective, SignedFault> decode(std::string_view json) {
  if (json_fault(json)) return std::unexpected(SignedFault::BadJson);
  dom::parser parser;
  dom::object object;
  if (parser.parse(json.data(), json.size()).get(object)) {
    return std::unexpected(SignedFault::BadJson);
  }
  SignedDirective directive;
  if (const Check fault = read_fields(object, directive)) return std::unexpected(*fault);
  return directive;
}

std::string_view without_blanks(std::string_view line) noexcept {
  constexpr std::string_view kBlank = " \t\r";
  line.remove_prefix(std::min(line.find_first_not_of(kBlank), line.size()));
  return line.substr(0, line.find_last_not_of(kBlank) + 1);
}

}  // namespace

std::string_view to_string(SignedFault fault) noexcept {
  switch (fault) {
    case SignedFault::Repeated:
      return "repeated";
    case SignedFault::NoKey:
      return "no_key";
    case SignedFault::TooLong:
      return "too_long";
    case SignedFault::Malformed:
      return "malformed";
    case SignedFault::BadSignature:
      return "bad_signature";
    case SignedFault::BadJson:
      return "bad_json";
    case SignedFault::BadLevel:
      return "bad_level";
    case SignedFault::BadExp:
      return "bad_exp";
    case SignedFault::BadField:
      return "bad_field";
    case SignedFault::Expired:
      return "expired";
    case SignedFault::TooFarAhead:
      return "too_far_ahead";
    case SignedFault::OverBudget:
      return "over_budget";
  }
  std::unreachable();
}

std::expected<DebugKeys, std::string> DebugKeys::parse(std::string_view text) {
  DebugKeys keys;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = without_blanks(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.empty() || line.starts_with('#')) continue;
    if (line.size() < kMinBytes || line.size() > kMaxBytes) {
      return std::unexpected(fmt::format(
          "line {} has {} bytes; a key has {} to {}, as `openssl rand -hex 32` makes it", number,
          line.size(), kMinBytes, kMaxBytes));
    }
    if (keys.keys_.size() == kMost) {
      return std::unexpected(
          fmt::format("line {} is one key too many; {} are enough to rotate", number, kMost));
    }
    keys.keys_.emplace_back(line);
  }
  return keys;
}

bool DebugKeys::have_signed(std::string_view message, std::string_view mac) const {
  bool found = false;
  for (const std::string& key : keys_) {
    const auto ours = hmac_sha256(key, message);
    found = (ours && equal_in_constant_time(*ours, mac)) || found;
  }
  return found;
}

std::string encode_signed(const SignedDirective& directive) {
  JsonWriter json;
  json.begin_object().field("level", to_string(directive.level));
  json.field("exp", directive.expires.time_since_epoch().count());
  if (!directive.id.empty()) json.field("id", directive.id);
  if (directive.ring_buffer) json.field("ring_buffer", true);
  json.end_object();
  return std::move(json).take();
}

std::optional<std::string> sign(const SignedDirective& directive, std::string_view key) {
  const std::string json = encode_signed(directive);
  const auto mac = hmac_sha256(key, json);
  if (!mac) return std::nullopt;
  return to_hex(json) + "." + to_hex(*mac);
}

std::expected<SignedDirective, SignedFault> read_signed(std::string_view header,
                                                        const DebugKeys& keys, WallTime now,
                                                        std::chrono::seconds max_life) {
  if (keys.empty()) return std::unexpected(SignedFault::NoKey);
  if (header.size() > kMaxSignedBytes) return std::unexpected(SignedFault::TooLong);
  const std::size_t dot = header.find('.');
  if (dot == std::string_view::npos) return std::unexpected(SignedFault::Malformed);
  const auto json = from_hex(header.substr(0, dot));
  const auto mac = from_hex(header.substr(dot + 1));
  if (!json || !mac) return std::unexpected(SignedFault::Malformed);
  if (!keys.have_signed(*json, *mac)) return std::unexpected(SignedFault::BadSignature);

  auto directive = decode(*json);
  if (!directive) return directive;
  if (directive->expires <= now) return std::unexpected(SignedFault::Expired);
  if (directive->expires - now > max_life) return std::unexpected(SignedFault::TooFarAhead);
  return directive;
}

}  // namespace osproxy
