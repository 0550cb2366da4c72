// An instance's knowledge of its key in etcd: free, its own, or another run's.
//
//   AckKey key("proxy-1", started);
//   key.found({.revision = 41, .value = value, .lease = 7}, clock.boot());  // by a read
//   if (!key.owner()) write_over(key.revision());
//
// The instance's name and the start time of its process tell one run from another. For example, a
// proxy that was killed and started again finds the ack of its earlier run: another run's, though
// the name is the same. An ack that it has written itself, over another connection, is its own.
// A value without a lease is nobody's: no osproxy writes one, and it would keep the name for ever.
//
// Not thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "osproxy/core/clock.h"
#include "osproxy/etcd/protocol.h"
#include "osproxy/store/ack.h"

namespace osproxy::etcd {

/// The part of an ack that is worth a write when it changes. The rest of the ack only goes along.
struct AckFacts {
  Revision revision = 0;
  std::optional<InstanceAck::Rejected> rejected{};
  std::string state{};
  std::vector<InstanceAck::Thinned> thinned{};
  std::int64_t thinned_count = 0;
  std::string admin{};

  friend bool operator==(const AckFacts&, const AckFacts&) = default;
};

class AckKey {
 public:
  /// Another run, or a person, whose value stands in the key.
  struct Owner {
    BootTime since;    // when this instance found the first such value
    std::string name;  // for the status: "an osproxy of this name that was started …"
  };

  /// The key as it was read.
  struct Content {
    Revision revision = 0;  ///< 0: no such key
    std::string_view value{};
    LeaseId lease = 0;
  };

  AckKey(std::string instance, WallTime started);

  /// A read, or a write that failed its condition, has found this.
  void found(const Content& content, BootTime now);

  /// The instance has written `facts`; the key is now at `revision`.
  void written(Revision revision, AckFacts facts);

  /// The key is gone, or will go with its lease.
  void forget();

  /// A write had no response: it may be carried out later, over what stands in the key now.
  void forget_facts() { facts_.reset(); }

  /// Of the key as this instance has written it, the condition of the next write. 0: no such key.
  Revision revision() const noexcept { return revision_; }

  /// The facts that stand in the key; nullopt: none, or it is not certain which.
  const std::optional<AckFacts>& facts() const noexcept { return facts_; }

  /// nullopt: the key is free, or this instance's own.
  const std::optional<Owner>& owner() const noexcept { return owner_; }

 private:
  void leave_to(std::string owner, BootTime now);

  const std::string instance_;
  const WallTime started_;
  Revision revision_ = 0;
  std::optional<AckFacts> facts_;
  std::optional<Owner> owner_;
};

}  // namespace osproxy::etcd
