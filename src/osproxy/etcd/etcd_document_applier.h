// Handles each value of the etcd store's key: decodes and applies it, agrees with the fleet on
// the ends of directives with `ttl_secs`, and saves the last good set in a file.
//
//   auto storage = make_file_storage(dir, options.target.key, options.limits);
//   EtcdDocumentApplier applier(options, clock, transport, std::move(storage), random);
//   applier.take(apply, machine.status());   // each value that the watch machine offers
//   applier.take(event);                     // every event of the transport
//   applier.time_passed();                   // at wake_at()
//
// Not thread-safe, but for cell(): belongs to the store's thread after construction.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "osproxy/core/clock.h"
#include "osproxy/core/random.h"
#include "osproxy/etcd/anchor_machine.h"
#include "osproxy/etcd/etcd_directive_store.h"
#include "osproxy/etcd/transport.h"
#include "osproxy/etcd/watch_machine.h"
#include "osproxy/store/document_applier.h"
#include "osproxy/store/last_good.h"

namespace osproxy::etcd {

class EtcdDocumentApplier {
 public:
  /// `options`, `clock` and `transport` must outlive it. `storage` is the options' state directory,
  /// or a test's; null: nothing is saved.
  EtcdDocumentApplier(const EtcdStoreOptions& options, const Clock& clock, Transport& transport,
                      std::unique_ptr<StateStorage> storage, Random random);

  /// `watch` as it stands after the event that brought the value.
  void take(const Apply& apply, const WatchStatus& watch);
  void take(const RefuseOversized& refuse);

  void take(const TransportEvent& event);
  void time_passed();
  std::optional<BootTime> wake_at() const { return anchors_.wake_at(); }

  const SnapshotCell<DirectiveSet>& cell() const noexcept { return applier_.cell(); }
  const std::optional<Rejection>& rejected() const noexcept { return applier_.rejected(); }
  Revision revision() const noexcept { return revision_; }  ///< of the document in force
  std::uint64_t applied_documents() const noexcept { return applied_documents_; }
  std::uint64_t rejected_documents() const noexcept { return rejected_documents_; }

  /// A sentence for the status that names the saved set in force; empty if none was loaded. Set by
  /// the constructor, and constant: the store shows it until etcd has responded.
  const std::string& resumed() const noexcept { return resumed_; }

  /// True while directives are withheld until their anchors are read.
  bool is_holding() const noexcept { return holding_; }

  std::vector<std::string> warnings() const;

 private:
  void load_last_good(std::unique_ptr<StateStorage> storage);
  void publish(Now now);
  void perform(AnchorMachine::Actions actions);
  void perform(const ListAnchors& list) { transport_.list(list.call, list.request); }
  void perform(const WriteAnchor& write) { transport_.write(write.call, write.request); }
  void perform(const Anchored& anchored);
  void perform(const ReleaseWithheld&) { must_publish_ = true; }

  const EtcdStoreOptions& options_;
  const Clock& clock_;
  Transport& transport_;
  DocumentApplier applier_;
  std::optional<LastGood> last_good_;
  AnchorMachine anchors_;

  Document document_;  // in force, withheld directives included
  Revision revision_ = 0;
  std::uint64_t cluster_id_ = 0;
  bool holding_ = false;
  bool must_publish_ = false;  // a life or a withheld directive has changed since publish()
  std::uint64_t applied_documents_ = 0;
  std::uint64_t rejected_documents_ = 0;
  std::string resumed_;
};

}  // namespace osproxy::etcd
