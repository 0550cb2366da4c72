// Parses a stream of server-sent events.
//
//   EventParser parser;
//   if (!parser.feed(bytes)) fail("an event is too large");
//   while (const auto event = parser.next()) show(*event);  // {"record", "{…}"}
//
// It parses the subset that osproxy writes: lines end in \n, and the data is one line. Comments are
// skipped.
//
// Belongs to one thread. Bounded by kMaxBytes.
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
  /// Far above the size of the largest record.
  static constexpr std::size_t kMaxBytes = std::size_t{16} << 20;

  /// False if an event has more than kMaxBytes.
  [[nodiscard]] bool feed(std::string_view bytes);

  /// The next complete event; nullopt: there is none yet.
  std::optional<Event> next();

 private:
  std::string text_;
  std::size_t done_ = 0;  // bytes of text_
};

}  // namespace osproxy::cli
