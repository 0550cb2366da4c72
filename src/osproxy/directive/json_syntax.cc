#include "osproxy/directive/json_syntax.h"

#include <charconv>
#include <limits>
#include <string>

#include <simdjson.h>

namespace osproxy {
namespace {

namespace ondemand = simdjson::ondemand;

std::size_t count_digits(std::string_view text) noexcept {
  const std::size_t end = text.find_first_not_of("0123456789");
  return end == std::string_view::npos ? text.size() : end;
}

/// Takes `0`, or digits that begin with another, off the front of `text`.
bool take_whole_part(std::string_view& text) noexcept {
  const std::size_t digits = count_digits(text);
  if (digits == 0 || (digits > 1 && text.front() == '0')) return false;
  text.remove_prefix(digits);
  return true;
}

bool take_digits(std::string_view& text) noexcept {
  const std::size_t digits = count_digits(text);
  text.remove_prefix(digits);
  return digits > 0;
}

std::optional<Fault> check_value(ondemand::value& value, std::size_t depth);

std::optional<Fault> check_array(ondemand::value& value, std::size_t depth) {
  ondemand::array array;
  if (value.get_array().get(array)) return Fault::InvalidJson;
  for (auto element : array) {
    ondemand::value inner;
    if (element.get(inner)) return Fault::InvalidJson;
    if (const auto fault = check_value(inner, depth + 1)) return fault;
  }
  return std::nullopt;
}

std::optional<Fault> check_object(ondemand::value& value, std::size_t depth) {
  ondemand::object object;
  if (value.get_object().get(object)) return Fault::InvalidJson;
  for (auto member : object) {
    ondemand::field field;
    std::string_view key;
    if (std::move(member).get(field) || field.unescaped_key().get(key) || !is_utf8(key)) {
      return Fault::InvalidJson;
    }
    if (const auto fault = check_value(field.value(), depth + 1)) return fault;
  }
  return std::nullopt;
}

bool is_good_scalar(ondemand::value& value, ondemand::json_type type) {
  std::string_view text;
  bool flag = false;
  switch (type) {
    case ondemand::json_type::string:
      return !value.get_string().get(text) && is_utf8(text);
    case ondemand::json_type::boolean:
      return !value.get_bool().get(flag);
    case ondemand::json_type::null:
      return !value.is_null().get(flag) && flag;
    case ondemand::json_type::number:
      return is_json_number(value.raw_json_token());
    case ondemand::json_type::array:
    case ondemand::json_type::object:
      break;
  }
  return false;
}

std::optional<Fault> check_value(ondemand::value& value, std::size_t depth) {
  auto type = ondemand::json_type::null;
  if (value.type().get(type)) return Fault::InvalidJson;
  const bool container = type == ondemand::json_type::array || type == ondemand::json_type::object;
  if (container && depth > kMaxJsonDepth) return Fault::TooDeep;
  if (type == ondemand::json_type::array) return check_array(value, depth);
  if (type == ondemand::json_type::object) return check_object(value, depth);
  return is_good_scalar(value, type) ? std::nullopt : std::optional(Fault::InvalidJson);
}

/// A JSON number's token runs up to the next one and may end in white space.
std::string_view trim_end(std::string_view token) noexcept {
  return token.substr(0, token.find_last_not_of(" \t\r\n") + 1);
}

}  // namespace

std::optional<Fault> json_fault(std::string_view bytes) {
  // Adds brackets, so that the same code reads a bare scalar: `bytes` are one value if and only if
  // this is an array of one element.
  std::string padded;
  padded.reserve(bytes.size() + 2 + simdjson::SIMDJSON_PADDING);
  padded.append("[").append(bytes).append("]");
  const std::size_t size = padded.size();
  padded.append(simdjson::SIMDJSON_PADDING, '\0');

  ondemand::parser parser;
  ondemand::document document;
  ondemand::array array;
  if (parser.iterate(padded.data(), size, padded.size()).get(document) ||
      document.get_array().get(array)) {
    return Fault::InvalidJson;
  }
  std::size_t values = 0;
  for (auto element : array) {
    ondemand::value value;
    if (element.get(value) || ++values > 1) return Fault::InvalidJson;
    if (const auto fault = check_value(value, 1)) return fault;
  }
  const bool at_end = document.current_location().error() == simdjson::OUT_OF_BOUNDS;
  return values == 1 && at_end ? std::nullopt : std::optional(Fault::InvalidJson);
}

bool is_json_number(std::string_view token) noexcept {
  std::string_view rest = trim_end(token);
  if (rest.starts_with('-')) rest.remove_prefix(1);
  if (!take_whole_part(rest)) return false;
  if (rest.starts_with('.')) {
    rest.remove_prefix(1);
    if (!take_digits(rest)) return false;
  }
  if (rest.starts_with('e') || rest.starts_with('E')) {
    rest.remove_prefix(1);
    if (rest.starts_with('+') || rest.starts_with('-')) rest.remove_prefix(1);
    if (!take_digits(rest)) return false;
  }
  return rest.empty();
}

std::optional<std::int64_t> parse_json_integer(std::string_view token) noexcept {
  const std::string_view text = trim_end(token);
  const bool negative = text.starts_with('-');
  std::string_view digits = text.substr(negative ? 1 : 0);
  if (!take_whole_part(digits) || !digits.empty() || text == "-0") return std::nullopt;

  using Limits = std::numeric_limits<std::int64_t>;
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc::result_out_of_range) return negative ? Limits::min() : Limits::max();
  return value;
}

bool is_utf8(std::string_view text) noexcept {
  return simdjson::validate_utf8(text.data(), text.size());
}

}  // namespace osproxy
