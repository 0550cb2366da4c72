// Logs TLS failures. A failure with a client is logged at level debug, because any client can cause
// it. A failure with a node is a warning, because the operator can repair it; while it stays the
// same it is repeated only once a minute.
//
// Thread safety: any thread may call tell().
#pragma once

#include <mutex>
#include <string>

#include "osproxy/core/clock.h"
#include "osproxy/tls/failure.h"

namespace osproxy::app {

class TlsLog {
 public:
  /// `clock` must outlive the log.
  explicit TlsLog(const Clock& clock) : clock_(clock) {}

  void tell(const TlsReport& report);

 private:
  bool is_news(const std::string& text);

  const Clock& clock_;

  std::mutex mutex_;
  std::string last_;         // guarded by mutex_
  BootTime last_told_at_{};  // guarded by mutex_
};

}  // namespace osproxy::app
