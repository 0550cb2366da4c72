// What the etcd store does with the values of its key: decodes and applies them, agrees with the
// fleet on the ends of what was put by hand, and keeps the last good set in a file.
//
//   EtcdDocumentApplier keeper(options, clock, transport, make_file_storage(…), random);
//   keeper.take(apply, machine.status());      // each value that the machine offers
//   keeper.take(event);                        // every event of the transport
//   keeper.time_passed();                      // at wake_at()
//
// Not thread-safe but for cell(): belongs to the store's thread after construction.
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
  /// or what is in its place; null: nothing is kept.
  EtcdDocumentApplier(const EtcdStoreOptions& options, const Clock& clock, Transport& transport,
                      std::unique_ptr<StateStorage> storage, Random random);

  /// `machine` as it is after the event that brought the value.
  void take(const Apply& apply, const MachineStatus& machine);
  void take(const RefuseOversized& refuse);

  void take(const TransportEvent& event);
  void time_passed();
  std::optional<BootTime> wake_at() const { return anchors_.wake_at(); }

  const SnapshotCell<DirectiveSet>& cell() const noexcept { return applier_.cell(); }
  const std::optional<Rejection>& rejected() const noexcept { return applier_.rejected(); }
  Revision revision() const noexcept { return revision_; }  ///< of the document in force
  std::uint64_t applied_documents() const noexcept { return applied_documents_; }
  std::uint64_t rejected_documents() const noexcept { return rejected_documents_; }

  /// Says that the set is an earlier run's, for as long as etcd has not answered; else empty. Set
  /// by the constructor, and constant.
  const std::string& resumed() const noexcept { return resumed_; }

  /// True while directives wait for the fleet's word on when they were first seen.
  bool is_holding() const noexcept { return holding_; }

  std::vector<std::string> warnings() const;

 private:
  void resume_saved(std::unique_ptr<StateStorage> storage);
  void publish(Now now);
  void perform(AnchorActions actions);
  void perform(const ListAnchors& list) { transport_.list(list.call, list.request); }
  void perform(const WriteAnchor& write) { transport_.write(write.call, write.request); }
  void perform(const Anchored& anchored);
  void perform(const ReleaseWithheld&) { changed_ = true; }

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
  bool changed_ = false;  // what is in force: to be published anew
  std::uint64_t applied_documents_ = 0;
  std::uint64_t rejected_documents_ = 0;
  std::string resumed_;
};

}  // namespace osproxy::etcd
