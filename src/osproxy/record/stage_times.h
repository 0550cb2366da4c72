// How long each stage of a request took; recorded from Level::ShapeTiming on.
//
//   StageTimes times;
//   times.enter(Stage::Queue, 41us);      // since the start: what came before ends here
//   …
//   times.end(18307us);
//   times.spent(Stage::Queue)             // nullopt: the request was never in it
//
// A request is in one stage at a time, so that the stages add up to the total, exactly: all times
// are whole microseconds since the start. A regular value, pure.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace osproxy {

/// In the order in which a request goes through them.
enum class Stage : std::uint8_t {
  Receive,    ///< until its head is read
  Match,      ///< until the directives have been asked
  Queue,      ///< until a connection is at hand, or one is begun
  Connect,    ///< until a new connection to a node is made, the look-up of its name included
  Tls,        ///< until TLS to the node is agreed on
  Send,       ///< until its last byte went to the node, which may have to wait for the client
  FirstByte,  ///< until the node's response begins
  Transfer,   ///< until the last byte of the response came; what came before is sent on meanwhile
  SendBack,   ///< until the last byte is sent to the client
};

inline constexpr std::size_t kStageCount = 9;

/// Its name in a record: "first_byte".
std::string_view to_string(Stage stage) noexcept;

class StageTimes {
 public:
  using Micros = std::chrono::microseconds;

  /// The stage that the request was in ends at `since_start`, and `stage` begins. Only the next
  /// attempt of a request goes back, and that to Queue: else going back, or again to the same, is
  /// passed over, since sending and receiving overlap.
  void enter(Stage stage, std::chrono::nanoseconds since_start) noexcept;

  /// The request is over. Without enter(), all of its time was spent in Receive.
  void end(std::chrono::nanoseconds since_start) noexcept;

  /// Summed over all attempts; nullopt if the request never was in that stage.
  std::optional<Micros> spent(Stage stage) const noexcept;

  /// What the stages add up to.
  Micros total() const noexcept { return last_; }

  friend bool operator==(const StageTimes&, const StageTimes&) = default;

 private:
  void advance(std::chrono::nanoseconds since_start) noexcept;

  Stage current_ = Stage::Receive;
  Micros last_{0};
  std::uint16_t entered_ = 1;  // a bit each
  std::array<Micros, kStageCount> spent_{};
};

}  // namespace osproxy
