// The directive set in one etcd key, kept current for as long as the store lives.
//
//   auto store = EtcdDirectiveStore::connect({.target = {.endpoints = {"10.0.0.1:2379"}}}, clock);
//   if (!store) return fail(store.error().message);
//   SnapshotReader<DirectiveSet> reader((*store)->cell());   // one for each reading thread
//
// connect() reads the key and then watches it. A missing key is the empty set. A malformed document
// is the empty set at start and changes nothing later; status().rejected names it. After the start
// only a DELETE, a missing key or an empty document empties the set. In an outage the last good set
// stays in force, its directives end on time, and status() says how old the last proof is that the
// set is current. With a `state_dir` the store saves the last good set in a file, and with
// StartPolicy::LastGood connect() starts from it if etcd is down. docs/design/watch.md explains why
// no change is missed.
//
// Thread safety: every member may be called from any thread, also from `on_change`, but for the
// destructor. Only connect(), wait_for_revision() and the destructor block.
// Ownership: the store owns one thread, which decodes, compiles and publishes. gRPC has a few more
// for as long as the process has a store or publisher. The destructor cancels every call and joins
// the thread. That takes a bounded time, whatever state etcd is in. Readers may outlive the store.
//
// Neither prints nor logs; no gRPC in this header.
#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <filesystem>
#include <functional>
#include <memory>
#include <stop_token>

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

/// The behaviour of connect() if no endpoint gives a usable response.
enum class StartPolicy : std::uint8_t {
  Fail,      ///< returns the error
  LastGood,  ///< serves the set saved in `state_dir`, as Stale, until etcd responds; fails only if
             ///< no set is saved there
};

struct EtcdStoreOptions {
  EtcdTarget target;
  /// How long connect() waits for a first response. Each endpoint gets an equal share, so that a
  /// silent one does not use up the time of the next.
  std::chrono::milliseconds connect_timeout{5'000};
  /// After this time without a proof, the state is Stale.
  std::chrono::milliseconds stale_after{30'000};
  /// A directory for this store alone, where it saves its last good set (store/state_file.h);
  /// created if it does not exist; empty: none. Also without StartPolicy::LastGood the file keeps a
  /// restart from beginning the life of a directive with `ttl_secs` again. A file that cannot be
  /// used stays until there is a set to save, and status() has a warning.
  std::filesystem::path state_dir{};
  StartPolicy start = StartPolicy::Fail;
  /// Ends connect() at once, with an error, while it waits for a first response. Later it does
  /// nothing.
  std::stop_token cancel{};
  DecodeLimits limits{};
  /// Called on the store's thread when the set, the state, its reason, the revision or a rejection
  /// has changed, and when a directive has ended; the first time before connect() returns. It must
  /// not throw, block for long or destroy the store: while it runs, no change is applied.
  std::function<void(const StoreStatus& status, const DirectiveSet::Pointer& set)> on_change{};
};

class EtcdDirectiveStore final : public DirectiveStore {
 public:
  /// Reads the key (linearizable) and starts watching it. `clock` must outlive the store.
  /// Fails with a message that names each endpoint, why it failed and what to check: at once if a
  /// retry cannot help (refused, name not found, not etcd, no permission), else after
  /// `connect_timeout`, also if an endpoint accepts the connection and stays silent.
  static std::expected<std::unique_ptr<EtcdDirectiveStore>, EtcdError> connect(
      EtcdStoreOptions options, const Clock& clock);

  /// The same over the caller's transport (etcd/transport.h): for tests.
  static std::expected<std::unique_ptr<EtcdDirectiveStore>, EtcdError> connect(
      EtcdStoreOptions options, const Clock& clock, std::unique_ptr<etcd::Transport> transport,
      Random random);

  ~EtcdDirectiveStore() override;

  // DirectiveStore
  const SnapshotCell<DirectiveSet>& cell() const noexcept override;
  StoreStatus status() const override;

  /// Waits until the store has seen `revision`, or a later one, and has applied or rejected its
  /// document. False if that takes longer than `timeout`. A publisher calls it to know that its
  /// document is in force.
  bool wait_for_revision(std::int64_t revision, std::chrono::milliseconds timeout) const;

  /// Counts since connect(), for metrics.
  EtcdStoreCounters counters() const;

 private:
  class Impl;

  explicit EtcdDirectiveStore(std::unique_ptr<Impl> impl);

  const std::unique_ptr<Impl> impl_;
};

}  // namespace osproxy
