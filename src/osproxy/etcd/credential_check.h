// Checks the files of EtcdCredentials now and then, and warns of a broken one before the next
// connection or token needs it, which may be at night.
//
//   CredentialCheck check(credentials, clock.boot());
//   check.poll(clock.boot());   // at wake_at(), or later
//   check.warning();            // "the etcd key file "…" is empty; …"
//
// It only warns: the files in use stay in use. A file is written in steps, so the check warns only
// if it finds the same problem twice, two seconds apart.
//
// Not thread-safe. poll() reads the files, and blocks as long as their disk does.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "osproxy/core/clock.h"
#include "osproxy/etcd/etcd_options.h"

namespace osproxy::etcd {

class CredentialCheck {
 public:
  /// Rare enough to cost nothing; frequent enough for a person who has just renewed a file.
  static constexpr std::chrono::seconds kInterval{30};
  static constexpr std::chrono::seconds kSecondPoll{2};

  CredentialCheck(EtcdCredentials credentials, BootTime now);

  /// nullopt: no file is given.
  std::optional<BootTime> wake_at() const noexcept { return wake_at_; }

  /// Does nothing before wake_at().
  void poll(BootTime now);

  /// Which file cannot be used, and why; empty: all can be used.
  const std::string& warning() const noexcept { return warning_; }

 private:
  const EtcdCredentials credentials_;
  std::optional<BootTime> wake_at_;
  std::string found_;  // by the last poll()
  std::string warning_;
};

}  // namespace osproxy::etcd
