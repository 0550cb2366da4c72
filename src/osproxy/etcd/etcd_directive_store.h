// The directive set in one etcd key, kept fresh for ever.
//
//   auto store = EtcdDirectiveStore::connect({.target = {.endpoints = {"10.0.0.1:2379"}}}, clock);
//   if (!store) fail(store.error().message);
//   SnapshotReader<DirectiveSet> reader((*store)->cell());     // one for each reading thread
//
// connect() reads the key and then watches it. A missing key is the empty set; a malformed document
// is the empty set at start and changes nothing later, and is visible in status().rejected. From
// then on nothing blanks the set but a DELETE, a key that is truly gone, or an empty document: in
// an outage the last good set stays, its directives end on time, and status() says how old the last
// proof is that it is current. With a `state_dir` the last good set is kept in a file, and with
// StartPolicy::LastGood connect() starts from it if etcd is down. docs/design/watch.md argues how
// changes can not be missed.
//
// Thread safety: every member may be called from any thread, also from within `on_change`, but for
// the destructor. Nothing but connect(), wait_for_revision() and the destructor blocks.
// Ownership: the store owns one thread, which decodes, compiles and publishes; gRPC has a few of
// its own for as long as the process has a store or publisher. The destructor cancels every call
// and joins, in bounded time, whatever state etcd is in. Readers may outlive the store.
//
// Neither prints nor logs; no gRPC in this header.
#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <filesystem>
#include <functional>
#include <memory>

#include "osproxy/core/clock.h"
#include "osproxy/core/random.h"
#include "osproxy/directive/decode.h"
#include "osproxy/etcd/etcd_options.h"
#include "osproxy/etcd/watch_counters.h"
#include "osproxy/store/directive_store.h"

namespace osproxy {

namespace etcd {
class Transport;
}

/// What connect() does if no endpoint gives a response that can be used.
enum class StartPolicy : std::uint8_t {
  Fail,      ///< says so
  LastGood,  ///< serves the set that is kept in `state_dir`, as Stale, until etcd answers; fails
             ///< only if there is none
};

struct EtcdStoreOptions {
  EtcdTarget target;
  /// How long connect() waits for a first response; also shared out over the endpoints, so that a
  /// silent one does not use up the time of the next.
  std::chrono::milliseconds connect_timeout{5'000};
  /// Without a proof for that long, the state is Stale.
  std::chrono::milliseconds stale_after{30'000};
  /// A directory for this store alone, where it keeps its last good set (store/state_file.h);
  /// made if it is not there; empty: none. Also without StartPolicy::LastGood it keeps a restart
  /// from beginning the life of a directive with `ttl_secs` anew. A file there that cannot be used
  /// is left alone until there is something to save, with a warning in status().
  std::filesystem::path state_dir{};
  StartPolicy start = StartPolicy::Fail;
  DecodeLimits limits{};
  /// Called on the store's thread whenever the set, the state, its reason, the revision or a
  /// rejection has changed, and when a directive has ended; the first time before connect()
  /// returns. It gets what there is to know, and must neither throw, nor block for long, nor
  /// destroy the store. While it runs nothing new is applied.
  std::function<void(const StoreStatus& status, const DirectiveSet::Pointer& set)> on_change{};
};

class EtcdDirectiveStore final : public DirectiveStore {
 public:
  /// Reads the key (linearizable) and starts watching it. `clock` must outlive the store.
  /// Fails with a message that names each endpoint, what happened there and what to check: at once
  /// if trying again cannot help (refused, name not found, not etcd, not let in), else when
  /// `connect_timeout` is over, also if an endpoint accepts and says nothing.
  static std::expected<std::unique_ptr<EtcdDirectiveStore>, EtcdError> connect(
      EtcdStoreOptions options, const Clock& clock);

  /// The same over a transport of the caller's (etcd/transport.h): for tests.
  static std::expected<std::unique_ptr<EtcdDirectiveStore>, EtcdError> connect(
      EtcdStoreOptions options, const Clock& clock, std::unique_ptr<etcd::Transport> transport,
      Random random);

  ~EtcdDirectiveStore() override;

  // DirectiveStore
  const SnapshotCell<DirectiveSet>& cell() const noexcept override;
  StoreStatus status() const override;

  /// Waits until the store has seen `revision`, or a later one, and has applied or rejected what
  /// was there: false if that takes longer than `timeout`. What a publisher calls to see its own
  /// document in force.
  bool wait_for_revision(std::int64_t revision, std::chrono::milliseconds timeout) const;

  /// What has happened since connect(), for metrics.
  EtcdStoreCounters counters() const;

 private:
  class Impl;

  explicit EtcdDirectiveStore(std::unique_ptr<Impl> impl);

  const std::unique_ptr<Impl> impl_;
};

}  // namespace osproxy
