#include "osproxy/core/json_writer.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <utility>

#include "osproxy/core/utf8.h"
#include "osproxy/core/visible_text.h"

namespace osproxy {
namespace {

void append_escaped(std::string& out, char c) {
  switch (c) {
    case '"':
    case '\\':
      out.append({'\\', c});
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      append_escaped_character(out, static_cast<unsigned char>(c));
  }
}

bool needs_escape(char c) noexcept {
  return static_cast<unsigned char>(c) < 0x20 || c == '"' || c == '\\' || c == '\x7f';
}

/// ASCII that is copied; nearly all text is.
bool is_plain(char c) noexcept { return static_cast<unsigned char>(c) < 0x80 && !needs_escape(c); }

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  while (!text.empty()) {
    const auto plain_end = std::ranges::find_if_not(text, is_plain);
    const auto plain_size = static_cast<std::size_t>(plain_end - text.begin());
    out += text.substr(0, plain_size);
    text.remove_prefix(plain_size);
    if (text.empty()) break;
    if (needs_escape(text.front())) {
      append_escaped(out, text.front());
      text.remove_prefix(1);
    } else if (const auto hidden = hidden_character(text)) {
      append_escaped_character(out, hidden->code);
      text.remove_prefix(hidden->size);
    } else {
      move_utf8_character(text, out);
    }
  }
  out += '"';
}

std::string json_string(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

JsonWriter& JsonWriter::key(std::string_view name) {
  separate();
  append_json_string(out_, name);
  out_ += ':';
  comma_ = false;
  return *this;
}

JsonWriter& JsonWriter::value(std::string_view text) {
  separate();
  append_json_string(out_, text);
  return *this;
}

JsonWriter& JsonWriter::value(double number) {
  if (!std::isfinite(number)) return null();
  char digits[32];  // -1.7976931348623157e+308
  const auto end = std::to_chars(digits, digits + sizeof digits, number);
  return raw({digits, end.ptr});
}

JsonWriter& JsonWriter::raw(std::string_view json) {
  separate();
  out_ += json;
  return *this;
}

JsonWriter& JsonWriter::field_or_null(std::string_view name, std::string_view text) {
  key(name);
  return text.empty() ? null() : value(text);
}

JsonWriter& JsonWriter::open(char bracket) {
  separate();
  out_ += bracket;
  ++depth_;
  comma_ = false;
  return *this;
}

JsonWriter& JsonWriter::close(char bracket) {
  assert(depth_ > 0);
  out_ += bracket;
  --depth_;
  comma_ = true;
  return *this;
}

void JsonWriter::separate() {
  if (comma_) out_ += ',';
  comma_ = true;
}

std::string JsonWriter::take() && {
  assert(depth_ == 0);
  return std::move(out_);
}

}  // namespace osproxy
