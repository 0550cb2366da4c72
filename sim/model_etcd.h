// A model of an etcd cluster in virtual time: what the instance is let loose on with faults, by
// ModelLink, which is the network to it. Small enough to be believed; knows nothing of what uses
// it, and nothing of any test framework.
//
// The truth is the document's history of versions. A linearizable read answers with the version
// that is current at some moment between its request and its response. Members die, freeze (nothing
// is answered, nothing breaks), lose their leader, and lose or delay the events of their watches;
// history is compacted; tokens and leases end; the cluster is restored from an older state or
// replaced by another one.
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

/// One value of the document's key, or its absence, and when that was the truth.
struct Version {
  std::optional<std::string> value{};          ///< none: the key does not exist
  std::shared_ptr<const Document> document{};  ///< null: malformed
  bool huge = false;                           ///< too large to be received
  std::uint64_t cluster_id = 0;                ///< in which it was committed
  BootTime committed{};                        ///< the last time it was
  /// When it was current last; BootTime::max() while it is.
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
    bool deaf = false;     // its watches lose what happens
    bool lagging = false;  // its watches bring it seconds later
    bool leaderless = false;
  };

  /// With a steady network, nothing but what a step does is lost or later than a few milliseconds.
  ModelEtcd(VirtualTime& time, const Schedule& schedule, Random random);

  // The world's side.
  void perform(const Step& step);
  void calm();  ///< every fault ends; nothing is lost, late or deaf from now on
  bool is_calm() const { return calm_; }

  // The links' side. Those that are attached are told of what happens.
  void attach(ModelLink& link) { links_.push_back(&link); }
  void detach(ModelLink& link) { std::erase(links_, &link); }
  const Member& member(std::size_t index) const { return members_[index]; }
  Header header() const { return {.cluster_id = cluster_id_, .revision = revision_}; }
  const std::vector<Change>& log() const { return log_; }
  Revision compacted() const { return compacted_; }
  bool is_old_etcd() const { return is_old_etcd_; }

  /// True if a call with this token is let in.
  bool accepts_token(std::uint64_t token) const { return !with_user_ || token == token_; }
  std::uint64_t token() const { return token_; }
  /// True if the user may have what is below this key.
  bool permits(const std::string& key) const { return may_write_ || key == kDocumentKey; }

  std::expected<WriteDone, FailureKind> write(const WriteRequest& request);
  ModelKeys& keys() { return keys_; }
  const ModelKeys& keys() const { return keys_; }

  // The truth.
  const Version& current() const { return *log_.back().version; }
  Revision current_revision() const { return current().value ? log_.back().revision : 0; }
  /// What the document was at `revision`, in the lineage that is current.
  const Version& at(Revision revision) const;
  /// The version that had this value, in any lineage; null if there never was one.
  const Version* find(const std::string& value) const;
  /// The first time without such a key that had not ended before `time`; null if there is none.
  const Version* find_absence(BootTime time) const;
  /// A huge version that had this revision in some lineage, the one last current if several had.
  const Version* find_huge(Revision revision) const;

 private:
  using VersionPointer = std::shared_ptr<Version>;

  void put(bool huge);
  void remove();
  void anchor();
  void restore();
  void replace();
  void expire_token();
  VersionPointer absence();
  void commit(VersionPointer version);
  void make_current(std::vector<Change> log, Revision revision);
  void for_a_while(const Step& step, bool Member::* state, bool value);

  VirtualTime& time_;
  Random random_;
  const bool with_user_;
  const bool is_old_etcd_;
  const bool may_write_;
  bool calm_;  // the network is
  Documents documents_;

  std::uint64_t cluster_id_ = 1;
  Revision revision_ = 1;
  Revision compacted_ = 0;
  std::uint64_t token_ = 1;               // the one that counts
  std::vector<VersionPointer> absences_;  // of every lineage; before log_, which begins with one
  std::vector<Change> log_;  // of this lineage; the first is the absence, the last is current
  std::map<std::string, VersionPointer> by_value_;  // of every lineage
  std::multimap<Revision, VersionPointer> huge_;    // likewise
  ModelKeys keys_{time_, revision_};

  std::vector<Member> members_;
  std::vector<ModelLink*> links_;
};

}  // namespace osproxy::etcd::sim
