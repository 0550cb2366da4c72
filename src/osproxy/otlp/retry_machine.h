// Whether to send a request again, and when: the rules of OTLP's specification, and no socket.
//
//   RetryMachine machine({}, Random::from_system());
//   machine.begin(now);                              // a new request
//   const RetryDecision decision = machine.next(result, now);
//
// Full jitter: each wait is a draw from nothing to a ceiling that doubles. What a collector asks
// for
// (`Retry-After`, RetryInfo) is the least wait, with the draw on top, so that a fleet that was sent
// away at one moment does not come back at one.
//
// Not thread-safe: one owner. Pure: time and randomness come in.
#pragma once

#include <chrono>
#include <optional>

#include "osproxy/core/backoff.h"
#include "osproxy/core/clock.h"
#include "osproxy/core/random.h"
#include "osproxy/otlp/export_result.h"

namespace osproxy::otlp {

struct RetryOptions {
  std::chrono::milliseconds initial{1'000};  ///< ceiling of the first wait
  std::chrono::milliseconds max{30'000};     ///< ceiling of each
  /// After which a request is given up: the queue behind it is newer, and has waited long enough.
  std::chrono::milliseconds give_up_after{300'000};
};

struct RetryDecision {
  enum class Action : std::uint8_t {
    Done,
    Wait,    ///< and send it again
    Refuse,  ///< what the collector will never take
    GiveUp,  ///< it would have to be tried for too long
  };

  Action action = Action::Done;
  std::chrono::nanoseconds wait{0};

  friend bool operator==(const RetryDecision&, const RetryDecision&) = default;
};

/// By the specification: transient, so that the same request may succeed later.
bool is_retryable(const ExportResult& result) noexcept;

class RetryMachine {
 public:
  RetryMachine(RetryOptions options, Random random) : options_(options), random_(random) {}

  void begin(BootTime now);
  RetryDecision next(const ExportResult& result, BootTime now);

 private:
  const RetryOptions options_;
  Random random_;
  BootTime latest_{};
  std::optional<Backoff> backoff_;
};

}  // namespace osproxy::otlp
