// The store that is its own truth: what publish() is given is in force when it returns. The proxy
// runs on it when no etcd and no file is configured; embedders use it in tests.
//
//   MemoryDirectiveStore store({}, clock);
//   store.publish(R"({"directives":[…]})", std::nullopt);
//
// Thread safety: every member may be called from any thread. No background work.
#pragma once

#include <mutex>

#include "osproxy/store/directive_store.h"
#include "osproxy/store/document_applier.h"
#include "osproxy/store/publisher.h"

namespace osproxy {

class MemoryDirectiveStore final : public DirectiveStore, public DirectivePublisher {
 public:
  /// `clock` must outlive the store. Starts with the empty set at revision 0.
  MemoryDirectiveStore(const DecodeLimits& limits, const Clock& clock);

  // DirectiveStore
  const SnapshotCell<DirectiveSet>& cell() const noexcept override { return applier_.cell(); }
  StoreStatus status() const override;

  // DirectivePublisher. A rejected document is the publisher's error and leaves no trace here:
  // nothing was published.
  std::expected<std::int64_t, PublishError> publish(
      std::string_view document, std::optional<std::int64_t> expected_revision) override;
  std::expected<PublishedDocument, PublishError> read() override;

 private:
  const DecodeLimits limits_;
  const Clock& clock_;
  const WallTime started_;

  mutable std::mutex mutex_;
  DocumentApplier applier_;      // guarded by mutex_, but for cell()
  PublishedDocument published_;  // guarded by mutex_
};

}  // namespace osproxy
