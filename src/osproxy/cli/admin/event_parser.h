// Server-sent events out of the bytes that carry them.
//
//   EventParser parser;
//   parser.feed(bytes);
//   while (auto event = parser.next()) …              // {.type = "record", .data = "{…}"}
//
// As osproxy writes them: lines end in \n, data is one line. Comments are skipped.
// Belongs to one thread. Bounded: kMaxBytes; a feed beyond that is refused.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace osproxy::cli {

struct Event {
  std::string type;
  std::string data;

  friend bool operator==(const Event&, const Event&) = default;
};

class EventParser {
 public:
  /// Far above the largest record, and what is written of several at once.
  static constexpr std::size_t kMaxBytes = std::size_t{16} << 20;

  /// False if there is more than kMaxBytes without an event's end.
  [[nodiscard]] bool feed(std::string_view bytes);

  /// The next whole event; nullopt: there is none yet.
  std::optional<Event> next();

 private:
  std::string text_;
  std::size_t done_ = 0;  // bytes of text_
};

}  // namespace osproxy::cli
