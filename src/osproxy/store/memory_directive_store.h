// A store in memory: a published document is in force when publish() returns. The proxy uses it
// when neither etcd nor a file is configured; embedders use it in tests.
//
//   MemoryDirectiveStore store({}, clock);
//   auto revision = store.publish(R"({"directives":[]})", std::nullopt);
//
// Thread safety: every member may be called from any thread. No background work.
#pragma once

#include <mutex>
#include <string>

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

  // DirectivePublisher. A rejected document is the error of its publisher and leaves no trace: it
  // was not published.
  std::expected<std::int64_t, PublishError> publish(std::string_view document,
                                                    std::optional<std::int64_t> expected_revision,
                                                    const ChangeNote& note) override;
  using DirectivePublisher::publish;
  std::expected<std::int64_t, PublishError> publish_as_it_stands(const Document& document,
                                                                 std::int64_t expected_revision,
                                                                 const ChangeNote& note) override;
  std::expected<PublishedDocument, PublishError> read() override;

 private:
  std::expected<std::int64_t, PublishError> replace(const Document& document,
                                                    std::optional<std::int64_t> expected_revision,
                                                    const ChangeNote& note);

  const DecodeLimits limits_;
  const Clock& clock_;
  const WallTime started_;

  mutable std::mutex mutex_;
  DocumentApplier applier_;      // guarded by mutex_, except cell()
  PublishedDocument published_;  // guarded by mutex_
  std::string change_;           // who published it, when and why; guarded by mutex_
};

}  // namespace osproxy
