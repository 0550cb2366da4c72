// The state of an EtcdDirectiveStore, as other threads ask for it and wait for it.
//
//   EtcdStoreStatus status(options, endpoints, clock, resumed);
//   status.publish(std::move(state));                 // the store's thread, after each step
//   status.wait_for_revision(4812, 5s);               // any other
//
// Thread safety: publish() belongs to the store's thread; the rest may be called from any thread.
// Ownership: all that the constructor takes must outlive it.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "osproxy/core/clock.h"
#include "osproxy/etcd/etcd_directive_store.h"
#include "osproxy/etcd/failure.h"
#include "osproxy/etcd/protocol.h"

namespace osproxy::etcd {

class EtcdStoreStatus {
 public:
  struct State {
    StoreStatus status{};  // but for `since` and `verified_age`
    std::optional<BootTime> verified_at{};
    Revision seen = 0;
    bool holding = false;  // some directives wait for their anchors
    EtcdStoreCounters counters{};
    std::vector<std::optional<Failure>> failures{};  // by endpoint
  };

  struct Published {
    StoreStatus status;
    bool has_changed;  // since the last publish()
  };

  /// `resumed` is EtcdDocumentApplier::resumed().
  EtcdStoreStatus(const EtcdStoreOptions& options, const std::vector<std::string>& endpoints,
                  const Clock& clock, const std::string& resumed);

  Published publish(State state);

  /// Waits for the first read; the error if there will be none, or none in time.
  std::optional<EtcdError> await_start() const;
  bool wait_for_revision(std::int64_t revision, std::chrono::milliseconds timeout) const;
  StoreStatus status() const;
  EtcdStoreCounters counters() const;

 private:
  bool is_hopeless() const;
  std::string describe_no_last_good() const;
  std::string describe_failures() const;

  // Constant after construction.
  const EtcdStoreOptions& options_;
  const std::vector<std::string>& endpoints_;
  const Clock& clock_;
  const std::string& resumed_;

  mutable std::mutex mutex_;
  mutable std::condition_variable_any changed_;
  State state_;  // guarded by mutex_
};

}  // namespace osproxy::etcd
