// The fleet's agreement on when a directive with `ttl_secs` was first seen (W20), as a pure
// machine: events in, actions out.
//
// A document that was put by hand says how long a directive lives, not from when. The first
// instance that sees it writes that moment to `<prefix>/<hash of id and content>`, unless the key
// is there; every other one, and every one that starts later, takes it from there. A life never
// ends later than that, and no later than by the instance's own count either, but for the blink
// between two instances that see the directive come: who sees it first need not be who writes
// first, and the moment that is written is the one for all.
//
// A directive that the watch brings is new: it applies at once, and is anchored behind that. One
// that a full read brings may be old, so it is withheld until the anchors are read, for one round
// trip, at most `hold_timeout`. Where anchors cannot be had, the own count stands.
//
// An anchor is removed some time after its directive has gone, on the condition that the document
// is still the one that does not have it. One that is older than a document without the directive
// is of an earlier publish, and is replaced.
//
// Not thread-safe. Invariants: one call at a time; all bounds come from the document's own
// (10,000 directives). docs/design/watch.md has the argument.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "osproxy/core/clock.h"
#include "osproxy/core/random.h"
#include "osproxy/directive/life.h"
#include "osproxy/directive/model.h"
#include "osproxy/etcd/protocol.h"
#include "osproxy/etcd/transport.h"

namespace osproxy::etcd {

struct AnchorOptions {
  std::string document_key;
  std::string prefix;  ///< of the anchors' keys; ends with '/'

  std::chrono::nanoseconds call_timeout = std::chrono::seconds{3};
  /// How much later than the own first sight an anchor may be and still be the word of an instance
  /// that saw the directive come as this one did. An even later one is of a clock that is wrong, or
  /// of one that could not be asked for so long; it would prolong a life.
  std::chrono::nanoseconds race_window = std::chrono::seconds{1};
  /// How long a directive that may be old is withheld.
  std::chrono::nanoseconds hold_timeout = std::chrono::seconds{1};
  /// After a call that failed; less up to half of jitter.
  std::chrono::nanoseconds retry_after = std::chrono::seconds{5};
  /// After one that was not permitted: somebody has to grant it first.
  std::chrono::nanoseconds retry_after_refusal = std::chrono::minutes{10};
  /// Each instance looks for what is to be removed at a random moment of it: mostly one does it
  /// all.
  std::chrono::nanoseconds sweep_window = std::chrono::seconds{10};
  /// The same, once more, where the document had changed under a removal (it may do so again), or
  /// where a write has had no response: it may be carried out after its directive has gone.
  std::chrono::nanoseconds resweep_window = std::chrono::seconds{30};
};

/// `<the document's key up to its last slash>anchors/<its last part>/`: two documents below one
/// prefix do not sweep each other's.
std::string anchor_prefix(std::string_view document_key);

/// The anchor of a directive: its key, from a hash of id and content, and its value: the time, and
/// the id for whoever looks at it.
std::string anchor_key(std::string_view prefix, const Directive& directive);
std::string anchor_value(const Directive& directive, WallTime first_seen);

struct ListAnchors {
  CallId call;
  ListRequest request;
};
struct WriteAnchor {
  CallId call;
  WriteRequest request;
};
/// The directive's first sight was this one.
struct Anchored {
  Directive directive;
  WallTime first_seen;
  BootTime
      own_first_seen;  ///< no later than this on the boot clock: the wall clock may have been set
};
/// No directive of the document is withheld any more.
struct ReleaseWithheld {};

using AnchorAction = std::variant<ListAnchors, WriteAnchor, Anchored, ReleaseWithheld>;
using AnchorActions = std::vector<AnchorAction>;

/// A document that was applied, as the machine needs to know it.
struct Adopted {
  const Document& document;
  Revision mod_revision;     ///< 0: there is no such key
  Revision as_of;            ///< the document was the current one at this revision of the cluster
  std::uint64_t cluster_id;  ///< revisions of another one mean nothing
  bool is_news;              ///< brought by the watch
  /// The life that is remembered of a directive; nullopt if this is the first sight.
  std::function<std::optional<Life>(const Directive&)> remembered;
};

class AnchorMachine {
 public:
  AnchorMachine(AnchorOptions options, Random random);
  AnchorMachine(const AnchorMachine&) = delete;
  AnchorMachine& operator=(const AnchorMachine&) = delete;

  AnchorActions adopt(const Adopted& adopted, Now now);

  /// Every event of the transport may go in; those of other calls are ignored.
  AnchorActions resume(const TransportEvent& event, Now now);
  AnchorActions time_passed(Now now);

  /// When to call time_passed(), if nothing happens before; nullopt: no need.
  std::optional<BootTime> wake_at() const;

  bool withholds(const Directive& directive) const;

  /// Why the own count stands for directives of this document; nullopt if the fleet's does.
  std::optional<Failure> refusal() const;

 private:
  enum class Progress : std::uint8_t {
    Unknown,  // not looked for yet
    Missing,  // to be written
    Agreed,
  };

  struct Entry {
    Directive directive;
    WallTime first_seen;      // by our own count, or as agreed
    BootTime own_first_seen;  // by our own count, or a race later
    bool is_own = true;       // the first sight: nobody else's
    Revision absent_at = 0;   // there was a document without it at that revision; 0: unknown
    Progress progress = Progress::Unknown;
    Revision replaces = 0;  // the anchor of an earlier publish; 0: none
    bool withheld = false;
  };

  enum class Purpose : std::uint8_t { List, Put, Remove };

  struct Call {
    CallId id;
    Purpose purpose;
    std::string key;        // of the anchor; empty for a list
    WallTime first_seen{};  // that is put
  };

  void forget_lineage(Now now);
  Entry make_entry(const Directive& directive, const Adopted& adopted, Now now) const;
  void take_list(const ListDone& list);
  void take_put(const WriteDone& write, Entry& entry);
  void take_write(const WriteDone& write, const Call& call, Now now);
  void take_failure(const Failure& failure, const Call& call, Now now);
  void agree(Entry& entry, const std::string& value);
  void release();
  void schedule_sweep(Now now, std::chrono::nanoseconds window);
  void start_next(Now now);
  void start_list();
  void start_write(const std::string& key, const Entry& entry);
  void start_removal(const std::string& key);
  CallId begin_call(Purpose purpose, std::string key, WallTime first_seen = {});
  bool has_work() const;
  std::chrono::nanoseconds up_to(std::chrono::nanoseconds most);

  const AnchorOptions options_;
  Random random_;

  std::map<std::string, Entry> entries_;  // by the anchor's key; the document's, with `ttl_secs`
  bool has_adopted_ = false;
  Revision mod_revision_ = 0;
  Revision as_of_ = 0;
  std::uint64_t cluster_id_ = 0;

  std::optional<Call> call_;
  std::uint64_t last_call_;
  BootTime next_call_at_{};
  std::optional<BootTime> hold_until_;
  std::optional<BootTime> sweep_at_;
  std::optional<BootTime> unsettled_until_;  // a put without a response may be carried out late
  bool sweeping_ = false;             // the list under way, or the next one, is for a sweep too
  std::vector<std::string> orphans_;  // anchors to be removed
  std::optional<Failure> refusal_;

  AnchorActions actions_;
};

}  // namespace osproxy::etcd
