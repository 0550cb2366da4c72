#include "osproxy/inspect/json_scanner.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

namespace osproxy {
namespace {

constexpr std::uint64_t kOnes = 0x0101010101010101;
constexpr std::uint64_t kHighs = 0x8080808080808080;

bool is_digit(char byte) noexcept { return byte >= '0' && byte <= '9'; }

bool is_space(char byte) noexcept {
  return byte == ' ' || byte == '\n' || byte == '\r' || byte == '\t';
}

bool ends_plain_text(char byte) noexcept {
  return byte == '"' || byte == '\\' || static_cast<unsigned char>(byte) < 0x20;
}

/// The number of leading bytes of `text` that are neither quote, backslash nor control character.
/// Looks at eight bytes at a time, because most of a body is text that the readers skip.
std::size_t plain_size(std::string_view text) noexcept {
  std::size_t at = 0;
  for (; at + 8 <= text.size(); at += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, text.data() + at, 8);
    const std::uint64_t quote = word ^ (kOnes * '"');
    const std::uint64_t backslash = word ^ (kOnes * '\\');
    // The high bit of each byte that is zero in the first two, or below 0x20 in the last; only
    // above the lowest such byte may a borrow mark others.
    const std::uint64_t found = ((quote - kOnes) & ~quote & kHighs) |
                                ((backslash - kOnes) & ~backslash & kHighs) |
                                ((word - kOnes * 0x20) & ~word & kHighs);
    if (found == 0) continue;
    static_assert(std::endian::native == std::endian::little);
    return at + static_cast<std::size_t>(std::countr_zero(found)) / 8;
  }
  while (at < text.size() && !ends_plain_text(text[at])) ++at;
  return at;
}

}  // namespace

JsonScanner::Token JsonScanner::next(std::string_view& input) noexcept {
  while (!input.empty()) {
    Token token = Token::NeedMore;
    switch (state_) {
      case State::InKey:
      case State::InString:
        token = in_text(input);
        break;
      case State::InNumber:
        token = in_number(input);
        break;
      case State::InLiteral:
        token = in_literal(input);
        break;
      case State::Malformed:
        return Token::Malformed;
      case State::TooDeep:
        return Token::TooDeep;
      case State::Value:
      case State::FirstValue:
      case State::FirstKey:
      case State::NextKey:
      case State::Colon:
      case State::AfterValue:
      case State::Done:
        token = between_tokens(input);
        break;
    }
    if (token != Token::NeedMore) return token;
  }
  return Token::NeedMore;
}

JsonScanner::Token JsonScanner::finish() noexcept {
  if (state_ == State::TooDeep) return Token::TooDeep;
  if (state_ == State::Done) return Token::End;
  if (state_ == State::InNumber && depth_ == 0 && is_number_whole()) {
    after_value();
    return Token::Number;
  }
  return malformed();
}

JsonScanner::Token JsonScanner::between_tokens(std::string_view& input) noexcept {
  while (!input.empty() && is_space(input.front())) input.remove_prefix(1);
  if (input.empty()) return Token::NeedMore;
  const char byte = input.front();
  input.remove_prefix(1);
  switch (state_) {
    case State::FirstValue:
      if (byte == ']') return end_container(byte);
      return begin_value(byte);
    case State::Value:
      return begin_value(byte);
    case State::FirstKey:
      if (byte == '}') return end_container(byte);
      [[fallthrough]];
    case State::NextKey:
      if (byte != '"') return malformed();
      begin_text(State::InKey);
      return Token::NeedMore;
    case State::Colon:
      if (byte != ':') return malformed();
      state_ = State::Value;
      return Token::NeedMore;
    case State::AfterValue:
      if (byte != ',') return end_container(byte);
      state_ = in_object() ? State::NextKey : State::Value;
      return Token::NeedMore;
    case State::Done:
    case State::InKey:
    case State::InString:
    case State::InNumber:
    case State::InLiteral:
    case State::Malformed:
    case State::TooDeep:
      return malformed();
  }
  std::unreachable();
}

JsonScanner::Token JsonScanner::begin_value(char byte) noexcept {
  const auto literal = [this](std::string_view rest, Token token) {
    literal_ = rest;
    literal_token_ = token;
    state_ = State::InLiteral;
    return Token::NeedMore;
  };
  switch (byte) {
    case '{':
      return begin_container(true);
    case '[':
      return begin_container(false);
    case '"':
      begin_text(State::InString);
      return Token::NeedMore;
    case 't':
      return literal("rue", Token::True);
    case 'f':
      return literal("alse", Token::False);
    case 'n':
      return literal("ull", Token::Null);
    default:
      if (byte != '-' && !is_digit(byte)) return malformed();
      begin_text(State::InNumber);
      digits_ = byte == '-' ? Digits::Minus : byte == '0' ? Digits::Zero : Digits::Integer;
      keep({&byte, 1});
      size_ = 1;
      return Token::NeedMore;
  }
}

JsonScanner::Token JsonScanner::begin_container(bool object) noexcept {
  if (depth_ == kMaxDepth) {
    state_ = State::TooDeep;
    return Token::TooDeep;
  }
  std::uint64_t& word = objects_[depth_ / 64];
  const std::uint64_t bit = std::uint64_t{1} << (depth_ % 64);
  word = object ? word | bit : word & ~bit;
  ++depth_;
  state_ = object ? State::FirstKey : State::FirstValue;
  return object ? Token::BeginObject : Token::BeginArray;
}

JsonScanner::Token JsonScanner::end_container(char byte) noexcept {
  const bool object = in_object();
  if (byte != (object ? '}' : ']')) return malformed();
  --depth_;
  after_value();
  return object ? Token::EndObject : Token::EndArray;
}

/// True if the innermost open container is an object.
bool JsonScanner::in_object() const noexcept {
  const std::size_t place = depth_ - 1U;
  return ((objects_[place / 64] >> (place % 64)) & 1) != 0;
}

void JsonScanner::begin_text(State state) noexcept {
  state_ = state;
  escape_ = Escape::None;
  high_surrogate_ = 0;
  text_size_ = 0;
  size_ = 0;
  cut_ = false;
}

JsonScanner::Token JsonScanner::in_text(std::string_view& input) noexcept {
  while (!input.empty()) {
    if (escape_ == Escape::None) {
      const std::size_t plain = plain_size(input);
      keep(input.substr(0, plain));
      size_ += plain;
      input.remove_prefix(plain);
      if (input.empty()) break;
    }
    const char byte = input.front();
    input.remove_prefix(1);
    if (escape_ == Escape::None && byte == '"') {
      const bool key = state_ == State::InKey;
      if (key) {
        state_ = State::Colon;
      } else {
        after_value();
      }
      return key ? Token::Key : Token::String;
    }
    ++size_;
    if (!in_escape(byte)) return malformed();
  }
  return Token::NeedMore;
}

/// Takes the backslash, or a byte of its escape sequence; false if `byte` is not allowed there.
bool JsonScanner::in_escape(char byte) noexcept {
  constexpr std::string_view kShort = "\"\\/bfnrt";
  constexpr std::string_view kMeaning = "\"\\/\b\f\n\r\t";
  switch (escape_) {
    case Escape::None:
      escape_ = Escape::Begun;
      return byte == '\\';
    case Escape::Begun: {
      if (byte == 'u') {
        escape_ = Escape::Hex;
        hex_left_ = 4;
        hex_ = 0;
        return true;
      }
      const std::size_t which = kShort.find(byte);
      if (which == kShort.npos) return false;
      keep(kMeaning.substr(which, 1));
      escape_ = Escape::None;
      return true;
    }
    case Escape::Hex:
      return in_hex(byte);
  }
  std::unreachable();
}

bool JsonScanner::in_hex(char byte) noexcept {
  const char lower = static_cast<char>(byte | 0x20);
  if (!is_digit(byte) && (lower < 'a' || lower > 'f')) return false;
  hex_ = hex_ * 16 + static_cast<std::uint32_t>(is_digit(byte) ? byte - '0' : lower - 'a' + 10);
  if (--hex_left_ > 0) return true;
  escape_ = Escape::None;
  if (hex_ >= 0xD800 && hex_ < 0xDC00) {
    high_surrogate_ = hex_;
    return true;
  }
  const bool low = hex_ >= 0xDC00 && hex_ < 0xE000;
  if (low && high_surrogate_ != 0) {
    keep_code_point(0x10000 + ((high_surrogate_ - 0xD800) << 10) + (hex_ - 0xDC00));
  } else {
    keep_code_point(low ? 0xFFFD : hex_);
  }
  high_surrogate_ = 0;
  return true;
}

void JsonScanner::keep_code_point(std::uint32_t code) noexcept {
  char bytes[4];
  const auto tail = [&](int shift) { return static_cast<char>(0x80 | ((code >> shift) & 0x3F)); };
  if (code < 0x80) {
    bytes[0] = static_cast<char>(code);
    return keep({bytes, 1});
  }
  if (code < 0x800) {
    bytes[0] = static_cast<char>(0xC0 | (code >> 6));
    bytes[1] = tail(0);
    return keep({bytes, 2});
  }
  if (code < 0x10000) {
    bytes[0] = static_cast<char>(0xE0 | (code >> 12));
    bytes[1] = tail(6);
    bytes[2] = tail(0);
    return keep({bytes, 3});
  }
  bytes[0] = static_cast<char>(0xF0 | (code >> 18));
  bytes[1] = tail(12);
  bytes[2] = tail(6);
  bytes[3] = tail(0);
  keep({bytes, 4});
}

void JsonScanner::keep(std::string_view bytes) noexcept {
  const std::size_t fits = std::min(bytes.size(), kTextKept - text_size_);
  std::copy_n(bytes.data(), fits, text_.data() + text_size_);
  text_size_ = static_cast<std::uint16_t>(text_size_ + fits);
  cut_ = cut_ || fits < bytes.size();
}

JsonScanner::Token JsonScanner::in_number(std::string_view& input) noexcept {
  while (!input.empty()) {
    const char byte = input.front();
    if (!takes_digit(byte)) {
      if (!is_number_whole()) return malformed();
      after_value();
      return Token::Number;
    }
    keep({&byte, 1});
    ++size_;
    input.remove_prefix(1);
  }
  return Token::NeedMore;
}

/// Follows RFC 8259, section 6; false if `byte` cannot continue the number.
bool JsonScanner::takes_digit(char byte) noexcept {
  const bool digit = is_digit(byte);
  const auto turn = [this](bool allowed, Digits next) {
    if (allowed) digits_ = next;
    return allowed;
  };
  switch (digits_) {
    case Digits::Minus:
      return turn(digit, byte == '0' ? Digits::Zero : Digits::Integer);
    case Digits::Zero:
    case Digits::Integer:
      if (digit) return digits_ == Digits::Integer;
      return turn(byte == '.', Digits::Point) || turn((byte | 0x20) == 'e', Digits::E);
    case Digits::Point:
      return turn(digit, Digits::Fraction);
    case Digits::Fraction:
      return digit || turn((byte | 0x20) == 'e', Digits::E);
    case Digits::E:
      return turn(byte == '+' || byte == '-', Digits::Sign) || turn(digit, Digits::Exponent);
    case Digits::Sign:
      return turn(digit, Digits::Exponent);
    case Digits::Exponent:
      return digit;
  }
  std::unreachable();
}

bool JsonScanner::is_number_whole() const noexcept {
  return digits_ == Digits::Zero || digits_ == Digits::Integer || digits_ == Digits::Fraction ||
         digits_ == Digits::Exponent;
}

JsonScanner::Token JsonScanner::in_literal(std::string_view& input) noexcept {
  const std::size_t size = std::min(input.size(), literal_.size());
  if (input.substr(0, size) != literal_.substr(0, size)) return malformed();
  input.remove_prefix(size);
  literal_.remove_prefix(size);
  if (!literal_.empty()) return Token::NeedMore;
  after_value();
  return literal_token_;
}

JsonScanner::Token JsonScanner::malformed() noexcept {
  state_ = State::Malformed;
  return Token::Malformed;
}

}  // namespace osproxy
