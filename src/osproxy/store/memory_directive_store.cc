#include "osproxy/store/memory_directive_store.h"

#include <utility>

#include "osproxy/store/history.h"

namespace osproxy {

MemoryDirectiveStore::MemoryDirectiveStore(const DecodeLimits& limits, const Clock& clock)
    : limits_(limits), clock_(clock), started_(clock.now().wall), applier_(limits, clock) {}

StoreStatus MemoryDirectiveStore::status() const {
  const std::lock_guard lock(mutex_);
  return {.state = StoreState::Synced,
          .since = started_,
          .reason = {},
          .revision = published_.revision,
          .verified_age = std::chrono::nanoseconds{0},
          .rejected = std::nullopt};
}

std::expected<std::int64_t, PublishError> MemoryDirectiveStore::publish(
    std::string_view document, std::optional<std::int64_t> expected_revision,
    const ChangeNote& note) {
  auto prepared = prepare_document(document, limits_, clock_.now().wall);
  if (!prepared) return std::unexpected(std::move(prepared).error());
  return replace(*prepared, expected_revision, note);
}

std::expected<std::int64_t, PublishError> MemoryDirectiveStore::publish_as_it_stands(
    const Document& document, std::int64_t expected_revision, const ChangeNote& note) {
  return replace(document, expected_revision, note);
}

std::expected<std::int64_t, PublishError> MemoryDirectiveStore::replace(
    const Document& document, std::optional<std::int64_t> expected_revision,
    const ChangeNote& note) {
  auto bytes = encode_for_stores(document, limits_);
  if (!bytes) return std::unexpected(std::move(bytes).error());

  const std::lock_guard lock(mutex_);
  if (expected_revision && *expected_revision != published_.revision) {
    return std::unexpected(publish_conflict(*expected_revision, published_.revision, change_));
  }
  change_ = describe_change(
      make_entry({.previous = published_.revision, .before = published_.bytes, .after = *bytes},
                 note, clock_.now().wall, limits_));
  published_.bytes = *std::move(bytes);
  ++published_.revision;
  applier_.apply(document, clock_.now());
  return published_.revision;
}

std::expected<PublishedDocument, PublishError> MemoryDirectiveStore::read() {
  const std::lock_guard lock(mutex_);
  return published_;
}

}  // namespace osproxy
