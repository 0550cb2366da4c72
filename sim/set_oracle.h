// Checks that the set in force is the applied document, and that each directive ends on time.
//
// It counts the end of each directive itself: from its first sight in this run, on both clocks, and
// from the state that an earlier run has left on disk. sim/simulation.h lists the promises.
//
// Not thread-safe.
#pragma once

#include <memory>
#include <optional>
#include <set>

#include "osproxy/directive/directive_set.h"
#include "osproxy/etcd/etcd_document_applier.h"
#include "sim/model_disk.h"
#include "sim/world.h"

namespace osproxy::etcd::sim {

class SetOracle {
 public:
  explicit SetOracle(const World& world);

  /// Another run begins, and finds `saved`; `boot` is the computer's current boot.
  void begin_run(const ModelDisk::SavedState* saved, std::uint64_t boot);
  /// The instance applies a version: good, malformed, or too large.
  void applied(const Version& version);
  void after_step(const EtcdDocumentApplier& applier, const Version* shown,
                  const WatchStatus& machine);
  void expect_truth(const EtcdDocumentApplier& applier);
  /// A key other than the document's changes. It may be an anchor.
  void key_changed(const std::string& key, const ModelKeys::Key* before,
                   const ModelKeys::Key* after);

  /// The latest end of each directive in force.
  const Bounds& bounds() const { return bounds_; }

 private:
  Life first_seen(const Directive& directive) const;
  void check_lives(const DirectiveSet& set);
  void check_document(const DirectiveSet& set, bool holding);
  void expect_anchor(const CompiledDirective& compiled, Now now);
  void expect_alive(const Directive& directive, const Life& life, Now now);
  void expect_no_orphans();

  const World& world_;
  const bool keeps_clock_;
  const bool keeps_lineage_;

  std::shared_ptr<const Document> document_;  // in force; null: none yet
  Bounds bounds_;
  Bounds resumed_;  // until a document is applied
  DirectiveSet::Pointer checked_;
  WallTime began_;
  std::set<std::string> replaced_late_;  // anchors, by a write of an earlier run
};

}  // namespace osproxy::etcd::sim
