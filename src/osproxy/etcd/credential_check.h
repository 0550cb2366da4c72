// Looks now and then at the files of EtcdCredentials, so that one that is broken is told of when it
// is put there and not when the next connection or token needs it, which may be at night.
//
//   CredentialCheck check(credentials, now);
//   check.poll(now);                        // at wake_at(), or later
//   check.warning();                        // "the etcd key file "…" is empty; …"
//
// It only tells: what is in use stays in use. A file is written in steps, so it is told of only if
// a second look, a little later, finds the same.
//
// Not thread-safe. poll() reads the files and thus blocks as long as their disk does; nobody should
// keep them on one that hangs.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "osproxy/core/clock.h"
#include "osproxy/etcd/etcd_options.h"

namespace osproxy::etcd {

class CredentialCheck {
 public:
  /// Seldom enough to cost nothing, often enough for whoever has just renewed a file and looks.
  static constexpr std::chrono::seconds kInterval{30};
  static constexpr std::chrono::seconds kSecondLook{2};

  CredentialCheck(EtcdCredentials credentials, BootTime now);

  /// nullopt: there is no file to look at.
  std::optional<BootTime> wake_at() const noexcept { return wake_at_; }

  /// Does nothing before wake_at().
  void poll(BootTime now);

  /// Which file cannot be used and why; empty: all can.
  const std::string& warning() const noexcept { return warning_; }

 private:
  const EtcdCredentials credentials_;
  std::optional<BootTime> wake_at_;
  std::string found_;  // by the last look
  std::string warning_;
};

}  // namespace osproxy::etcd
