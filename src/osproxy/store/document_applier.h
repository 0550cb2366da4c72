// Applies the bytes of a document: decodes, compiles and publishes them. Every store uses it.
//
//   DocumentApplier applier(limits, clock);
//   applier.apply(bytes, revision);    // a good document replaces the whole set
//   applier.clear();                   // no document: everything is off
//   applier.cell();                    // for readers
//
// A rejected document changes only rejected(): the last good set stays in force. Lives and usage
// carry over from set to set (life.h), so that applying the same bytes again extends nothing.
//
// Thread safety: not thread-safe except for cell(). A store calls it from the one thread on which
// it applies documents, or under a mutex.
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

  /// Decodes, compiles and publishes `bytes` as `revision`. If they are rejected, keeps the set,
  /// remembers the rejection and returns it. A repeated rejection keeps the time of the first.
  std::expected<void, DecodeError> apply(std::string_view bytes, std::int64_t revision);

  /// Does the first half of apply(): returns the document, or the rejection, which it remembers.
  std::expected<Document, DecodeError> decode(std::string_view bytes, std::int64_t revision);

  /// Does the second half; `now` is when new directives are first seen.
  void apply(Document document, Now now);

  /// Publishes more or less of the document in force, or other ends for it. That is no newer
  /// document, so that a rejection stays.
  void apply_again(Document document, Now now);

  /// Forgets the rejection: there is a newer, good document.
  void forget_rejection() { rejected_.reset(); }

  /// Publishes the empty set.
  void clear();

  /// Bounds a directive's end, from the next apply() on.
  void bound(const Directive& directive, const Life& life) { ledger_.bound(directive, life); }

  /// Sets the end that the fleet has agreed on, earlier or later, from the next apply() on.
  void agree(const Directive& directive, const Life& life) { ledger_.agree(directive, life); }

  /// Returns the remembered end of a directive's life; nullopt if it is not known yet.
  std::optional<Life> remembered(const Directive& directive) const {
    return ledger_.remembered(directive);
  }

  /// Remembers the rejection of a document that could not be received, such as one that is too
  /// large.
  void reject(const DecodeError& error, std::int64_t revision);

  const SnapshotCell<DirectiveSet>& cell() const noexcept { return cell_; }

  /// The newest document, if it was rejected.
  const std::optional<Rejection>& rejected() const noexcept { return rejected_; }

 private:
  const DecodeLimits limits_;
  const Clock& clock_;
  LifeLedger ledger_;
  SnapshotCell<DirectiveSet> cell_;  // synchronizes itself
  std::optional<Rejection> rejected_;
};

}  // namespace osproxy
