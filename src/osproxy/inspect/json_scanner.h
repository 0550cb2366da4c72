// Takes JSON apart into tokens as it streams by, in pieces of any size.
//
//   JsonScanner scanner;
//   while (true) {
//     switch (scanner.next(piece)) {              // takes what it reads off `piece`
//       case JsonScanner::Token::NeedMore: …      // `piece` is used up: wait for another
//       case JsonScanner::Token::Key: scanner.text() …
//     }
//   }
//   scanner.finish();                             // the input is over: is it one whole value?
//
// For bodies that pass through the proxy: it keeps nothing of them but the beginning of the text
// that it is in, allocates nothing, and is some 200 bytes however large, deep or hostile the input.
// It holds to the grammar of RFC 8259, but does not check that strings are UTF-8 or that surrogates
// come in pairs. For documents that are here as a whole, use simdjson: its twin in the tests.
//
// Pure. Not thread-safe: one owner each. A regular value: assign JsonScanner() to begin again.
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
    Number,  ///< text(), size(); known only when the byte behind it is there, or by finish()
    True,
    False,
    Null,
    End,        ///< finish() only: the input was one whole value
    Malformed,  ///< not JSON; every later call says so too
    TooDeep,    ///< nested deeper than kMaxDepth; every later call says so too
  };

  /// Deeper than what OpenSearch nests its responses and lets clients nest their queries.
  static constexpr std::size_t kMaxDepth = 256;

  /// Longer than any key that has a meaning to us.
  static constexpr std::size_t kTextKept = 64;

  /// The next token, or NeedMore.
  Token next(std::string_view& input) noexcept;

  /// The input is over. A Number that it ended with; else End, or Malformed if it is not whole.
  Token finish() noexcept;

  /// True if a whole value has been seen; only white space may follow.
  bool done() const noexcept { return state_ == State::Done; }

  /// Arrays and objects that are open.
  std::size_t depth() const noexcept { return depth_; }

  /// The first kTextKept bytes of the key, string or number just read, with its escapes resolved.
  std::string_view text() const noexcept { return {text_.data(), text_size_}; }

  /// False if text() is only its beginning.
  bool is_text_whole() const noexcept { return !cut_; }

  /// Its bytes as written, without the quotes.
  std::uint64_t size() const noexcept { return size_; }

 private:
  enum class State : std::uint8_t {
    Value,       // a value must follow
    FirstValue,  // … or the end of the array that has just begun
    FirstKey,    // a key, or the end of the object that has just begun
    NextKey,     // a key must follow
    Colon,
    AfterValue,  // a comma, or the end of what is open
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
  std::string_view literal_;  // what is left of "true", "false" or "null"
  Token literal_token_ = Token::Null;
  std::array<std::uint64_t, kMaxDepth / 64> objects_{};  // a bit each: an object, or an array
  std::array<char, kTextKept> text_{};
};

}  // namespace osproxy
