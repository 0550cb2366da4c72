// The log lines of connections that TLS failed on. Anybody can make a client's fail, so these are
// for debugging; one to a node is the operator's to repair, and is a warning, but not again and
// again while it stays the same.
//
// Thread safety: tell() may be called from any thread.
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
