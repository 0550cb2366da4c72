// From the bytes of a document to the set in force: what every store does with what it reads.
//
//   DocumentApplier applier(limits, clock);
//   applier.apply(bytes, revision);          // a good document replaces the set, whole
//   applier.clear();                         // there is no document: everything is off
//   applier.cell();                          // for readers
//
// A rejected document changes nothing but rejected(): the last good set stays in force. Lives and
// usage carry over from set to set (see life.h), so applying the same bytes again extends nothing.
//
// Thread safety: not thread-safe but for cell(); a store calls it from the one thread that it
// applies documents on, or under its own mutex.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string_view>

#include "osproxy/core/clock.h"
#include "osproxy/directive/decode.h"
#include "osproxy/directive/directive_set.h"
#include "osproxy/directive/life.h"
#include "osproxy/snapshot/snapshot.h"
#include "osproxy/store/directive_store.h"

namespace osproxy {

class DocumentApplier {
 public:
  /// `clock` must outlive the applier. Starts with the empty set.
  DocumentApplier(const DecodeLimits& limits, const Clock& clock);

  /// Decodes, compiles and publishes `bytes` as `revision`; or keeps the set, remembers the
  /// rejection and returns why. A rejection seen before keeps the time of its first sight.
  std::expected<void, DecodeError> apply(std::string_view bytes, std::int64_t revision);

  /// The first half of apply(): the document, or the rejection, which is remembered.
  std::expected<Document, DecodeError> decode(std::string_view bytes, std::int64_t revision);

  /// The second half; `now` is the first sight of what is new.
  void apply(Document document, Now now);

  /// Publishes more or less of the document that is in force, or other ends for it: no news of what
  /// was published last, so a rejection stands.
  void apply_again(Document document, Now now);

  /// There is a newer document, a good one.
  void forget_rejection() { rejected_.reset(); }

  /// Publishes the empty set.
  void clear();

  /// What is known of a directive's end from elsewhere; counts from the next apply() on.
  void bound(const Directive& directive, const Life& life) { ledger_.bound(directive, life); }

  /// The end that the fleet has agreed on, earlier or later; counts from the next apply() on.
  void agree(const Directive& directive, const Life& life) { ledger_.agree(directive, life); }

  /// The end of a directive's life that is remembered; nullopt if its next sight is the first.
  std::optional<Life> remembered(const Directive& directive) const {
    return ledger_.remembered(directive);
  }

  /// Remembers a document that could not even be had, such as one that is too large to be received.
  void reject(const DecodeError& error, std::int64_t revision);

  const SnapshotCell<DirectiveSet>& cell() const noexcept { return cell_; }

  /// The newest document, if it was rejected.
  const std::optional<Rejection>& rejected() const noexcept { return rejected_; }

 private:
  const DecodeLimits limits_;
  const Clock& clock_;
  LifeLedger ledger_;
  SnapshotCell<DirectiveSet> cell_;  // own synchronization
  std::optional<Rejection> rejected_;
};

}  // namespace osproxy
