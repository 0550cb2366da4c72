// Decides whether and when to send a request again, by the rules of OTLP's specification.
//
//   RetryMachine machine({}, Random::from_system());
//   machine.begin(now);    // a new request
//   const RetryDecision decision = machine.next(result, now);
//
// Full jitter: each wait is uniform from zero to a ceiling that doubles. A wait that the collector
// asks for (`Retry-After`, RetryInfo) is the minimum, and the jitter is added to it, so that a
// fleet that was refused at one moment does not return at one moment.
//
// Pure: time and randomness are passed in. Thread safety: not thread-safe; one owner.
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
  /// The time after which a request is given up: newer records in the queue have waited long
  /// enough.
  std::chrono::milliseconds give_up_after{300'000};
};

struct RetryDecision {
  enum class Action : std::uint8_t {
    Done,
    Wait,    ///< then send it again
    Refuse,  ///< the collector will never accept it
    GiveUp,  ///< the next attempt would be too late
  };

  Action action = Action::Done;
  std::chrono::nanoseconds wait{0};

  friend bool operator==(const RetryDecision&, const RetryDecision&) = default;
};

/// True for results that the specification calls transient: the same request may succeed later.
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
