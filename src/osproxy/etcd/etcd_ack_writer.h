// Keeps an instance's ack in etcd: who it is, what it has applied, what it rejected.
//
//   auto notifier = std::make_shared<ChangeNotifier>();
//   auto store = EtcdDirectiveStore::connect({…, .on_change = [notifier](…) { notifier->ring(); }},
//   clock); auto acks = EtcdAckWriter::start({.target = …, .instance = "proxy-1", …}, **store,
//   notifier, clock);
//
// The key is `<prefix>fleet/<instance>` (etcd/fleet_key.h), bound to a lease, so that it goes when
// the process does. It has a thread and a connection of its own: whatever happens to acks, the
// store's watch is not touched. Every failure is tried again, for ever; status() says how it
// stands. docs/design/acks.md has the reasons.
//
// Thread safety: every member may be called from any thread, but for the destructor.
// Ownership: `store` and `clock` must outlive the writer. The destructor revokes the lease if it
// can, in bounded time (a second), and joins.
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

/// How a store, which is made first, tells the writer, which ends first, that it has changed.
/// Thread safety: every member may be called from any thread.
class ChangeNotifier {
 public:
  /// There is something new. Returns at once; nothing happens while nobody listens.
  void ring() const {
    const std::lock_guard lock(mutex_);
    if (listener_) listener_();
  }

  /// Whoever listened before no longer does when this returns; an empty function: nobody does.
  void listen(std::function<void()> listener) {
    const std::lock_guard lock(mutex_);
    listener_ = std::move(listener);
  }

 private:
  mutable std::mutex mutex_;
  std::function<void()> listener_;  // guarded by mutex_
};

struct EtcdAckOptions {
  EtcdTarget target;
  std::string instance{};  ///< its name, 1 to etcd::kMaxInstanceBytes bytes
  std::string version{};   ///< of its osproxy
  WallTime started{};      ///< of the process
  /// How long the key outlives the process. etcd grants two seconds at least.
  std::chrono::seconds ttl{15};
  /// Called on the writer's thread whenever the state has changed; it must neither throw, nor block
  /// for long, nor destroy the writer.
  std::function<void(const AckStatus&)> on_change{};
};

class EtcdAckWriter {
 public:
  /// Fails only if an option cannot be used; connects in the background.
  static std::expected<std::unique_ptr<EtcdAckWriter>, EtcdError> start(
      EtcdAckOptions options, const DirectiveStore& store, std::shared_ptr<ChangeNotifier> notifier,
      const Clock& clock);

  /// The same over a transport of the caller's (etcd/transport.h): for tests.
  static std::expected<std::unique_ptr<EtcdAckWriter>, EtcdError> start(
      EtcdAckOptions options, const DirectiveStore& store, std::shared_ptr<ChangeNotifier> notifier,
      const Clock& clock, std::unique_ptr<etcd::Transport> transport, Random random);

  ~EtcdAckWriter();
  EtcdAckWriter(const EtcdAckWriter&) = delete;
  EtcdAckWriter& operator=(const EtcdAckWriter&) = delete;

  AckStatus status() const;

  /// Looks at the store and its set once more: nothing rings when a directive is tripped. Returns
  /// at once.
  void look_again();

  /// What has happened since the start, for metrics.
  AckCounters counters() const;

 private:
  class Impl;

  explicit EtcdAckWriter(std::unique_ptr<Impl> impl);

  const std::unique_ptr<Impl> impl_;
};

}  // namespace osproxy
