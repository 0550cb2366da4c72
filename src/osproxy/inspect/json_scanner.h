// Splits JSON into tokens while it arrives in pieces of any size.
//
//   using Token = JsonScanner::Token;
//   JsonScanner scanner;
//   std::size_t keys = 0;
//   Token token{};
//   while ((token = scanner.next(piece)) != Token::NeedMore) {  // consumes `piece`
//     if (token == Token::Malformed || token == Token::TooDeep) return;
//     if (token == Token::Key) ++keys;  // its name: scanner.text()
//   }
//   const bool whole = scanner.finish() == Token::End;  // after the last piece
//
// Made for bodies that stream through the proxy: it keeps only the beginning of the current key,
// string or number, allocates nothing, and takes some 400 bytes however large, deep or hostile the
// input is. It follows the grammar of RFC 8259, but does not check that strings are UTF-8 or that
// surrogates come in pairs. Do not use it for documents that are in memory as a whole: simdjson is
// faster and stricter (it is the scanner's twin in the tests).
//
// Pure. Not thread-safe. A regular value: assign JsonScanner() to begin again.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace osproxy {

class JsonScanner {
 public:
  enum class Token : std::uint8_t {
    NeedMore,     ///< the piece is used up within or between tokens
    BeginObject,  ///< depth() has grown
    EndObject,    ///< depth() has shrunk
    BeginArray,
    EndArray,
    Key,     ///< text(), size()
    String,  ///< text(), size()
    Number,  ///< text(), size(); returned when the byte after it is known, or by finish()
    True,
    False,
    Null,
    End,        ///< finish() only: the input was one whole value
    Malformed,  ///< not JSON; every later call returns it again
    TooDeep,    ///< nested deeper than kMaxDepth; every later call returns it again
  };

  /// Deeper than OpenSearch nests its responses, and than it allows queries to be nested.
  static constexpr std::size_t kMaxDepth = 256;

  /// Longer than any key that a reader looks for, and than the name of an index may be: 255 bytes.
  static constexpr std::size_t kTextKept = 256;

  /// The next token, or NeedMore.
  Token next(std::string_view& input) noexcept;

  /// Ends the input. Returns Number if the input ends with a number (call it once more then); else
  /// End, or Malformed if the input is not one whole value.
  Token finish() noexcept;

  /// True after a whole value; only white space may follow.
  bool done() const noexcept { return state_ == State::Done; }

  /// The number of open arrays and objects.
  std::size_t depth() const noexcept { return depth_; }

  /// The first kTextKept bytes of the last key, string or number, with its escapes resolved.
  std::string_view text() const noexcept { return {text_.data(), text_size_}; }

  /// False if text() is only its beginning.
  bool is_text_whole() const noexcept { return !cut_; }

  /// The length of the last key, string or number in the input, in bytes, without quotes.
  std::uint64_t size() const noexcept { return size_; }

 private:
  enum class State : std::uint8_t {
    Value,       // a value must follow
    FirstValue,  // a value, or the end of the array that has just begun
    FirstKey,    // a key, or the end of the object that has just begun
    NextKey,     // a key must follow
    Colon,
    AfterValue,  // a comma, or the end of the innermost array or object
    InKey,
    InString,
    InNumber,
    InLiteral,
    Done,
    Malformed,
    TooDeep,
  };
  enum class Escape : std::uint8_t { None, Begun, Hex };
  enum class Digits : std::uint8_t { Minus, Zero, Integer, Point, Fraction, E, Sign, Exponent };

  Token between_tokens(std::string_view& input) noexcept;
  Token begin_value(char byte) noexcept;
  Token begin_container(bool object) noexcept;
  Token end_container(char byte) noexcept;
  void begin_text(State state) noexcept;
  Token in_text(std::string_view& input) noexcept;
  bool in_escape(char byte) noexcept;
  bool in_hex(char byte) noexcept;
  Token in_number(std::string_view& input) noexcept;
  bool takes_digit(char byte) noexcept;
  bool is_number_whole() const noexcept;
  Token in_literal(std::string_view& input) noexcept;
  Token malformed() noexcept;

  void keep(std::string_view bytes) noexcept;
  void keep_code_point(std::uint32_t code) noexcept;
  bool in_object() const noexcept;
  void after_value() noexcept { state_ = depth_ == 0 ? State::Done : State::AfterValue; }

  State state_ = State::Value;
  Escape escape_ = Escape::None;
  Digits digits_ = Digits::Minus;
  std::uint8_t hex_left_ = 0;
  bool cut_ = false;
  std::uint16_t depth_ = 0;
  std::uint16_t text_size_ = 0;
  std::uint32_t hex_ = 0;
  std::uint32_t high_surrogate_ = 0;
  std::uint64_t size_ = 0;
  std::string_view literal_;  // the rest of "true", "false" or "null"
  Token literal_token_ = Token::Null;
  std::array<std::uint64_t, kMaxDepth / 64> objects_{};  // one bit a level: object, or array
  std::array<char, kTextKept> text_{};
};

}  // namespace osproxy
