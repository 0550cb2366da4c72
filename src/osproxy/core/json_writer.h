// Writes JSON into a string, compact, in the order of the calls.
//
//   JsonWriter json;
//   json.begin_object();
//   json.field("status", 200);
//   json.key("directives").begin_array().value("acme-1").end_array();
//   json.end_object();
//   std::string text = std::move(json).take();
//
// Strings may hold any bytes (core/json.h), so the result is always valid JSON. That begin and end
// match is the caller's duty (asserted).
//
// Not thread-safe: one owner each.
#pragma once

#include <charconv>
#include <concepts>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

namespace osproxy {

class JsonWriter {
 public:
  JsonWriter& begin_object() { return open('{'); }
  JsonWriter& end_object() { return close('}'); }
  JsonWriter& begin_array() { return open('['); }
  JsonWriter& end_array() { return close(']'); }

  /// The name of the next value; `name` is a constant of ours, or any text.
  JsonWriter& key(std::string_view name);

  JsonWriter& value(std::string_view text);
  JsonWriter& null() { return raw("null"); }

  template <std::same_as<bool> T>  // else a const char* would become a bool
  JsonWriter& value(T flag) {
    return raw(flag ? "true" : "false");
  }

  template <std::integral T>
    requires(!std::same_as<T, bool>)
  JsonWriter& value(T number) {
    char digits[std::numeric_limits<T>::digits10 + 2];  // the last digit and the sign
    const auto end = std::to_chars(digits, digits + sizeof digits, number);
    return raw({digits, end.ptr});
  }

  template <class T>
  JsonWriter& value(const std::optional<T>& maybe) {
    return maybe ? value(*maybe) : null();
  }

  /// A value that is JSON already.
  JsonWriter& raw(std::string_view json);

  template <class T>
  JsonWriter& field(std::string_view name, const T& content) {
    return key(name).value(content);
  }

  /// `text`, or null if it is empty.
  JsonWriter& field_or_null(std::string_view name, std::string_view text);

  /// The text. Every object and array must have been ended.
  std::string take() &&;

 private:
  JsonWriter& open(char bracket);
  JsonWriter& close(char bracket);
  void separate();

  std::string out_;
  int depth_ = 0;
  bool comma_ = false;  // the next key or value needs one before it
};

}  // namespace osproxy
