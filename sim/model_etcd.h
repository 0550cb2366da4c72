// A model of an etcd cluster and of the network to it, in virtual time: what the watch machine is
// let loose on with faults. Small enough to be believed; knows nothing of the machine but its
// actions and events, and nothing of any test framework.
//
// The truth is one key's history of versions. A linearizable read answers with the version that is
// current at some moment between its request and its answer. A watch brings events in order, late,
// repeated or in fragments, and a deaf member's watch loses them. Members die, freeze (nothing is
// answered, nothing breaks) and lose their connections; answers are lost and delayed; history is
// compacted; the cluster is restored from an older state or replaced by another one.
//
// Not thread-safe. The same seed gives the same history.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "osproxy/core/random.h"
#include "osproxy/etcd/watch_machine.h"
#include "sim/schedule.h"
#include "sim/virtual_time.h"

namespace osproxy::etcd::sim {

class ModelEtcd {
 public:
  /// One value of the key, or its absence, and when that was the truth.
  struct Version {
    std::optional<std::string> value{};  ///< none: the key does not exist
    bool huge = false;                   ///< too large to be received
    std::uint64_t cluster_id = 0;        ///< in which it was committed
    BootTime committed{};                ///< the last time it was
    /// When it was current last; BootTime::max() while it is.
    BootTime current_until = BootTime::max();
  };

  /// `deliver` takes the events for the machine; never called from within perform(). With a
  /// `steady_network`, nothing but what a step does is lost or later than a few milliseconds.
  ModelEtcd(VirtualTime& time, std::size_t members, bool steady_network, Random random,
            std::function<void(Event)> deliver);

  // The machine's side.
  void perform(const OpenConnection& open);
  void perform(const CloseConnection&);
  void perform(const StartRead& read);
  void perform(const StartWatch& watch);
  void perform(const CancelCall& cancel);

  // The world's side.
  void perform(const Step& step);
  void calm();  ///< every fault ends; nothing is lost, late or deaf from now on

  // The truth.
  const Version& current() const { return *log_.back().version; }
  Revision current_revision() const { return current().value ? log_.back().revision : 0; }
  /// What the key was at `revision`, in the lineage that is current.
  const Version& at(Revision revision) const;
  /// The version that had this value, in any lineage; null if there never was one.
  const Version* find(const std::string& value) const;
  /// The first time without such a key that had not ended before `time`; null if there is none.
  const Version* find_absence(BootTime time) const;
  /// A huge version that had this revision in some lineage, the one last current if several had.
  const Version* find_huge(Revision revision) const;
  /// Calls that neither ended nor were cancelled nor lost their connection.
  std::size_t open_calls() const { return calls_.size(); }

 private:
  using VersionPointer = std::shared_ptr<Version>;

  struct Change {
    Revision revision;
    VersionPointer version;
  };
  struct Member {
    bool up = true;
    bool frozen = false;
    bool deaf = false;     // its watches lose what happens
    bool lagging = false;  // its watches bring it seconds later
    bool leaderless = false;
  };
  struct Call {
    std::size_t member;
    bool watching = false;
    Revision start_revision = 0;
    BootTime last_delivery{};              // a stream delivers in order
    std::vector<Change> unsent{};          // etcd sends what has gathered for a while at once
    std::optional<WatchAnswer> repeats{};  // comes once more, before the next one
  };

  bool chance(int per_mille);
  std::chrono::nanoseconds random_delay();
  std::chrono::nanoseconds random_below(std::chrono::nanoseconds most);
  Header header() const { return {.cluster_id = cluster_id_, .revision = revision_}; }

  void put(bool huge);
  void remove();
  void restore();
  void replace();
  void expire_token();
  void isolate(const Step& step);
  void cancel_watches(const char* reason);
  VersionPointer absence();
  void commit(VersionPointer version);
  void make_current(std::vector<Change> log, Revision revision);
  void answer_read(const StartRead& read);
  void accept_watch(const StartWatch& watch);
  void gather(CallId call, const Change& change);
  void send_events(CallId call, const std::vector<Change>& changes);
  void send(CallId call, Event event);
  void fail(CallId call, FailureKind kind, std::chrono::nanoseconds delay);
  void break_connections(std::size_t member);
  void for_a_while(const Step& step, bool Member::* state, bool value);

  VirtualTime& time_;
  Random random_;
  const std::function<void(Event)> deliver_;
  bool calm_;  // the network is

  // The cluster.
  std::uint64_t cluster_id_ = 1;
  Revision revision_ = 1;
  Revision compacted_ = 0;
  std::uint64_t values_ = 0;              // so that no value comes twice
  std::vector<VersionPointer> absences_;  // of every lineage; before log_, which begins with one
  std::vector<Change> log_;  // of this lineage; the first is the absence, the last is current
  std::map<std::string, VersionPointer> by_value_;  // of every lineage
  std::multimap<Revision, VersionPointer> huge_;    // likewise

  // The network.
  std::vector<Member> members_;
  std::optional<std::size_t> connected_;  // to which member
  bool broken_ = false;                   // the connection is, whether anybody has noticed or not
  std::map<CallId, Call> calls_;
};

}  // namespace osproxy::etcd::sim
