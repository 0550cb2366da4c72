// Logs the requests and TLS handshakes that the admin listener refuses, a few at a time.
//
// Anybody can cause one, so the log takes kBurst lines at once and one more each kEach; the
// next line says how many were left out. The metric counts all of them.
//
// Thread safety: any thread may call tell().
#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>

#include "osproxy/admin/handshakes.h"
#include "osproxy/admin/refusals.h"
#include "osproxy/core/clock.h"

namespace osproxy::app {

class RefusalLog {
 public:
  /// An attack fills no disk: six lines a minute.
  static constexpr int kBurst = 10;
  static constexpr std::chrono::seconds kEach{10};

  /// `clock` must outlive the log.
  explicit RefusalLog(const Clock& clock) : clock_(clock) {}

  void tell(const admin::RefusedRequest& refused);

  /// A client that goes, or says nothing, may be a probe of the port: level debug.
  void tell(const admin::FailedHandshake& failed);

 private:
  /// The number of lines that were left out since the last one; nullopt: this one is left out.
  std::optional<std::uint64_t> admit();

  const Clock& clock_;

  std::mutex mutex_;
  BootTime full_at_{};          // guarded by mutex_: the whole burst is there again
  std::uint64_t left_out_ = 0;  // guarded by mutex_: since the last line
};

}  // namespace osproxy::app
