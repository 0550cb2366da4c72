// Writes compact JSON into a string, in the order of the calls. All JSON of the project is written
// here.
//
//   JsonWriter json;
//   json.begin_object();
//   json.field("status", 200);
//   json.key("directives").begin_array().value("acme-1").end_array();
//   json.end_object();
//   std::string text = std::move(json).take();   // {"status":200,"directives":["acme-1"]}
//
// Strings may hold any bytes: the result is always valid JSON in UTF-8. The caller matches each
// begin with an end (asserted).
//
// Thread safety: not thread-safe; each writer has one owner.
#pragma once

#include <charconv>
#include <concepts>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

namespace osproxy {

/// Appends `text` to `out` as a JSON string with its quotes (RFC 8259, section 7). Escapes `"`, `\`
/// and hidden characters (visible_text.h), so that a terminal that shows the JSON is not controlled
/// by it; copies other characters, and writes U+FFFD in place of each byte that is not UTF-8.
void append_json_string(std::string& out, std::string_view text);

/// Returns `text` as a JSON string with its quotes.
std::string json_string(std::string_view text);

class JsonWriter {
 public:
  JsonWriter& begin_object() { return open('{'); }
  JsonWriter& end_object() { return close('}'); }
  JsonWriter& begin_array() { return open('['); }
  JsonWriter& end_array() { return close(']'); }

  /// Writes the name of the next value; `name` may be any text.
  JsonWriter& key(std::string_view name);

  JsonWriter& value(std::string_view text);
  JsonWriter& null() { return raw("null"); }

  template <std::same_as<bool> T>  // a plain bool would take a const char* too
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

  /// Writes the shortest digits that give the same number; null if it is infinite or none.
  JsonWriter& value(double number);

  template <class T>
  JsonWriter& value(const std::optional<T>& maybe) {
    return maybe ? value(*maybe) : null();
  }

  /// Writes a value that is JSON already.
  JsonWriter& raw(std::string_view json);

  template <class T>
  JsonWriter& field(std::string_view name, const T& content) {
    return key(name).value(content);
  }

  /// Writes `text`, or null if it is empty.
  JsonWriter& field_or_null(std::string_view name, std::string_view text);

  /// Returns the text. Every object and array must have ended.
  std::string take() &&;

 private:
  JsonWriter& open(char bracket);
  JsonWriter& close(char bracket);
  void separate();

  std::string out_;
  int depth_ = 0;
  bool comma_ = false;  // the next key or value needs a comma before it
};

}  // namespace osproxy
