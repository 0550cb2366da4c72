#include "osproxy/etcd/ack_key.h"

#include <utility>

#include <fmt/format.h>

#include "osproxy/core/rfc3339.h"

namespace osproxy::etcd {

AckKey::AckKey(std::string instance, WallTime started)
    : instance_(std::move(instance)), started_(started) {}

void AckKey::found(const Content& content, BootTime now) {
  const Revision revision = content.revision;
  if (revision == 0 || content.lease == 0) {
    owner_.reset();
    forget();
    revision_ = revision;  // the condition under which the next write replaces it
    return;
  }
  const auto ack = decode_ack(content.value);
  if (!ack) return leave_to(fmt::format("a value that is no ack ({})", ack.error()), now);
  if (ack->instance != instance_ || ack->started != started_) {
    return leave_to(
        fmt::format("an osproxy of this name that was started {}", format_rfc3339(ack->started)),
        now);
  }
  owner_.reset();
  if (revision == revision_) return;
  revision_ = revision;
  facts_.reset();  // it is one of this run's writes, but not certain which: the next one settles it
}

void AckKey::leave_to(std::string owner, BootTime now) {
  owner_ = Owner{.since = owner_ ? owner_->since : now, .name = std::move(owner)};
  forget();
}

void AckKey::written(Revision revision, AckFacts facts) {
  revision_ = revision;
  facts_ = std::move(facts);
}

void AckKey::forget() {
  revision_ = 0;
  facts_.reset();
}

}  // namespace osproxy::etcd
