// Keeps an instance's ack in etcd: its name, the revision it has applied, the one it rejected.
//
//   auto notifier = std::make_shared<ChangeNotifier>();
//   auto store = EtcdDirectiveStore::connect(
//       {.target = target, .on_change = [notifier](auto&, auto&) { notifier->notify(); }}, clock);
//   auto acks = EtcdAckWriter::start(
//       {.target = target, .instance = "proxy-1", .version = "1.4.0", .started = now.wall},
//       **store, notifier, clock);
//
// The key is `<prefix>fleet/<instance>` (etcd/fleet_key.h). A lease deletes it when the process is
// gone. The writer has its own thread and connection, so that a failure of acks never delays the
// store's watch. It retries every failure for ever; status() says what the last one was.
// docs/design/acks.md has the reasons.
//
// Thread safety: every member may be called from any thread, but for the destructor.
// Ownership: `store` and `clock` must outlive the writer. The destructor revokes the lease if it
// can, within a second, and joins the thread.
//
// Neither prints nor logs; no gRPC in this header.
#pragma once

#include <chrono>
#include <expected>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "osproxy/core/clock.h"
#include "osproxy/core/random.h"
#include "osproxy/etcd/ack_counters.h"
#include "osproxy/etcd/etcd_options.h"
#include "osproxy/store/directive_store.h"
#include "osproxy/store/fleet.h"

namespace osproxy {

namespace etcd {
class Transport;
}

/// Tells the writer that the store has changed. It is a separate object because the store is
/// made before the writer and destroyed after it. Thread safety: every member may be called from
/// any thread.
class ChangeNotifier {
 public:
  /// Calls the listener, if there is one. The listener returns at once.
  void notify() const {
    const std::lock_guard lock(mutex_);
    if (listener_) listener_();
  }

  /// An empty function: no listener. Once this returns, the earlier listener is not called any
  /// more.
  void set_listener(std::function<void()> listener) {
    const std::lock_guard lock(mutex_);
    listener_ = std::move(listener);
  }

 private:
  mutable std::mutex mutex_;
  std::function<void()> listener_;  // guarded by mutex_
};

struct EtcdAckOptions {
  EtcdTarget target;
  std::string instance{};  ///< the instance's name, 1 to etcd::kMaxInstanceBytes bytes
  std::string version{};   ///< of osproxy
  WallTime started{};      ///< of the process
  /// How long the key outlives the process. etcd grants at least two seconds.
  std::chrono::seconds ttl{15};
  /// Returns the URL of the instance's admin listener; empty, or no function: not known (yet).
  /// Called on the writer's thread whenever the store is read; see check_store().
  std::function<std::string()> admin{};
  /// Called on the writer's thread when the state has changed. It must not throw, block for long or
  /// destroy the writer.
  std::function<void(const AckStatus&)> on_change{};
};

class EtcdAckWriter {
 public:
  /// Fails only if an option cannot be used. Connects in the background.
  static std::expected<std::unique_ptr<EtcdAckWriter>, EtcdError> start(
      EtcdAckOptions options, const DirectiveStore& store, std::shared_ptr<ChangeNotifier> notifier,
      const Clock& clock);

  /// The same over the caller's transport (etcd/transport.h): for tests.
  static std::expected<std::unique_ptr<EtcdAckWriter>, EtcdError> start(
      EtcdAckOptions options, const DirectiveStore& store, std::shared_ptr<ChangeNotifier> notifier,
      const Clock& clock, std::unique_ptr<etcd::Transport> transport, Random random);

  ~EtcdAckWriter();
  EtcdAckWriter(const EtcdAckWriter&) = delete;
  EtcdAckWriter& operator=(const EtcdAckWriter&) = delete;

  AckStatus status() const;

  /// Has the writer read the store's status and set once more, and the URL of the admin listener.
  /// Needed when a directive is thinned or the URL becomes known, of which the store notifies
  /// nobody. Returns at once.
  void check_store();

  /// Counts since the start, for metrics.
  AckCounters counters() const;

 private:
  class Impl;

  explicit EtcdAckWriter(std::unique_ptr<Impl> impl);

  const std::unique_ptr<Impl> impl_;
};

}  // namespace osproxy
