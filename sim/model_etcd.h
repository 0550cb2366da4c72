// A model of an etcd cluster in virtual time, with faults. ModelLink is the network to it. It is
// small enough to check by reading, and knows nothing of the code under test.
//
// The truth is the document's history of versions. A linearizable read returns the version that is
// current at some moment between its request and its response. Members die, freeze (no response,
// no error), lose their leader, and lose or delay the events of their watches. History is
// compacted. Tokens and leases end. The cluster is restored from an older state or replaced by
// another one.
//
// Not thread-safe. The same seed gives the same history.
#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "osproxy/core/random.h"
#include "osproxy/etcd/transport.h"
#include "sim/documents.h"
#include "sim/model_keys.h"
#include "sim/schedule.h"
#include "sim/virtual_time.h"

namespace osproxy::etcd::sim {

class ModelLink;

/// The document's key.
inline constexpr char kDocumentKey[] = "osproxy/directives";

/// One value of the document's key, or its absence, and when it was current.
struct Version {
  std::optional<std::string> value{};          ///< nullopt: the key does not exist
  std::shared_ptr<const Document> document{};  ///< null: malformed
  bool huge = false;                           ///< too large to be received
  std::uint64_t cluster_id = 0;                ///< in which it was committed
  BootTime committed{};                        ///< the last time
  /// When it was last current; BootTime::max() while it is.
  BootTime current_until = BootTime::max();
};

class ModelEtcd {
 public:
  struct Change {
    Revision revision;
    std::shared_ptr<Version> version;
  };
  struct Member {
    bool up = true;
    bool frozen = false;
    bool deaf = false;     // its watches lose events
    bool lagging = false;  // its watches bring events seconds later
    bool leaderless = false;
  };

  /// In a steady network only a step loses or delays a message, but for a few milliseconds. `time`
  /// and `schedule` must outlive it.
  ModelEtcd(VirtualTime& time, const Schedule& schedule, Random random);

  // For the simulation.
  void perform(const Step& step);
  void calm();  ///< ends every fault: from now on no message is lost or late
  bool is_calm() const { return calm_; }

  // For the links. The attached ones are notified of events.
  void attach(ModelLink& link) { links_.push_back(&link); }
  void detach(ModelLink& link) { std::erase(links_, &link); }
  const Member& member(std::size_t index) const { return members_[index]; }
  const Header& header() const { return header_; }
  const std::vector<Change>& log() const { return log_; }
  Revision compacted() const { return compacted_; }
  bool is_old_etcd() const { return schedule_.old_etcd; }

  /// True if a call with this token is not refused.
  bool accepts_token(std::uint64_t token) const { return !schedule_.with_user || token == token_; }
  std::uint64_t token() const { return token_; }
  /// True if the user may read and write this key.
  bool permits(const std::string& key) const { return schedule_.may_write || key == kDocumentKey; }

  std::expected<WriteDone, FailureKind> write(const WriteRequest& request);
  ModelKeys& keys() { return keys_; }
  const ModelKeys& keys() const { return keys_; }

  // The truth.
  const Version& current() const { return *log_.back().version; }
  Revision current_revision() const { return current().value ? log_.back().revision : 0; }
  /// The document at `revision`, in the current lineage.
  const Version& at(Revision revision) const;
  /// The version with this value, in any lineage; null if there never was one.
  const Version* find(const std::string& value) const;
  /// The first absence of the key that had not ended before `time`; null if there is none.
  const Version* find_absence(BootTime time) const;
  /// A huge version with this revision in some lineage; of several the one that was current last.
  const Version* find_huge(Revision revision) const;

 private:
  using VersionPointer = std::shared_ptr<Version>;

  void put(bool huge);
  void remove();
  void write_anchors();
  void restore();
  void replace();
  void expire_token();
  VersionPointer absence();
  void commit(VersionPointer version);
  void make_current(std::vector<Change> log, Revision revision);
  void for_a_while(const Step& step, bool Member::* state, bool value);

  VirtualTime& time_;
  Random random_;
  const Schedule& schedule_;
  bool calm_;
  Documents documents_;

  Header header_{.cluster_id = 1, .revision = 1};
  Revision compacted_ = 0;
  std::uint64_t token_ = 1;  // the valid one
  // Of every lineage; declared before log_, which begins with an absence.
  std::vector<VersionPointer> absences_;
  std::vector<Change> log_;  // of this lineage; the first is the absence, the last is current
  std::map<std::string, VersionPointer> by_value_;  // of every lineage
  std::multimap<Revision, VersionPointer> huge_;    // of every lineage
  ModelKeys keys_{time_, header_.revision};

  std::vector<Member> members_;
  std::vector<ModelLink*> links_;
};

}  // namespace osproxy::etcd::sim
