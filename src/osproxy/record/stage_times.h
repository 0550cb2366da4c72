// The time that a request spent in each stage; recorded from Level::ShapeTiming on.
//
//   StageTimes times;                            // begins in Stage::Receive
//   times.enter(Stage::Queue, 41us);             // Receive ends 41 µs after the start
//   times.end(307us);
//   assert(times.spent(Stage::Queue) == 266us);
//   assert(times.spent(Stage::Tls) == std::nullopt);  // the request was never in it
//
// A request is in one stage at a time, and all times are whole microseconds since the start.
// Therefore the stages add up exactly to the total. A regular value, pure.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace osproxy {

/// In the order in which a request passes them.
enum class Stage : std::uint8_t {
  Receive,      ///< until its head is read
  Match,        ///< until the directives are matched
  ReceiveBody,  ///< until enough of a body that comes late is here for a node
  Queue,        ///< until the pool gives a connection, or begins to make one
  Connect,      ///< until a new connection to a node is made; includes the lookup of its name
  Tls,          ///< until the TLS handshake with the node is complete
  Send,         ///< until the last byte is sent to the node; includes waiting for the client
  FirstByte,    ///< until the node's response begins
  Transfer,  ///< until the last byte of the response arrives; earlier bytes are forwarded meanwhile
  SendBack,  ///< until the last byte is sent to the client
};

inline constexpr std::size_t kStageCount = 10;

/// Its name in a record: "first_byte".
std::string_view to_string(Stage stage) noexcept;

class StageTimes {
 public:
  using Micros = std::chrono::microseconds;

  /// Ends the current stage at `since_start`, and begins `stage`. Going back is ignored, and so is
  /// entering the current stage again, because sending and receiving overlap. The exception is
  /// Queue: there the next attempt of a request begins.
  void enter(Stage stage, std::chrono::nanoseconds since_start) noexcept;

  /// Ends the request. Without enter(), all of its time was spent in Receive.
  void end(std::chrono::nanoseconds since_start) noexcept;

  /// Of the time in Stage::Send, or in Stage::Transfer, the exchange waited so much for its client:
  /// for bytes of the request, or until the client took bytes of the response.
  void add_client_wait(Stage stage, std::chrono::nanoseconds wait) noexcept;

  /// Never more than spent(stage); nullopt if the request never was in `stage`, or if that is
  /// another one.
  std::optional<Micros> client_wait(Stage stage) const noexcept;

  /// Summed over all attempts; nullopt if the request never was in that stage.
  std::optional<Micros> spent(Stage stage) const noexcept;

  /// The sum of all stages.
  Micros total() const noexcept { return last_; }

  friend bool operator==(const StageTimes&, const StageTimes&) = default;

 private:
  void advance(std::chrono::nanoseconds since_start) noexcept;

  Stage current_ = Stage::Receive;
  Micros last_{0};
  std::uint16_t entered_ = 1;  // one bit for each stage
  std::array<Micros, kStageCount> spent_{};
  std::chrono::nanoseconds send_wait_{0};
  std::chrono::nanoseconds transfer_wait_{0};
};

}  // namespace osproxy
