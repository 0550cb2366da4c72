// The fleet's agreement on when a directive with `ttl_secs` was first seen (W20), as a pure
// machine: events in, actions out.
//
//   AnchorMachine machine({.document_key = "osproxy/directives",
//                          .prefix = anchor_prefix("osproxy/directives")},
//                         Random::from_system());
//   perform(machine.resume(
//       AdoptDocument{.document = document, .mod_revision = 7, .as_of = 9, .remembered = lives},
//       clock.now()));
//   perform(machine.resume(to_machine<AnchorMachine::Event>(event), clock.now()));
//
// Problem: `ttl_secs` says how long a directive lives, not from when. Instances that read the
// document at different moments would end it at different moments, and each restart would begin its
// life again.
//
// Failed attempt: each instance counts from the moment at which it first saw the directive. An
// instance that starts an hour later serves it for an hour longer.
//
// Idea: the first instance writes that moment to etcd, to a key of the directive, unless the key
// exists. This is the anchor. All others take the moment from there. For example, an anchor of
// 12:00:00 ends a directive of 600 s at 12:10:00 everywhere. An anchor of 13:00:00 at an instance
// that has seen the directive since 12:00:00 counts for nothing: it would prolong the life.
//
// Algorithm:
// - A directive that the watch brings is new: it applies at once, and its anchor is written after
// that.
// - A directive that a full read brings may be old: it is withheld until the anchors are read, one
// round trip, at most `hold_timeout`. If the anchors cannot be read, the instance's own count
// applies.
// - An anchor may be later than the own first sight by `race_window`, once: the instance that sees
// the directive first need not be the one that writes first, and the written moment is the one
// for all.
// - An anchor is removed some time after its directive has gone, on the condition that the document
// is still the one without it (etcd/anchor_sweep.h).
// - An anchor that is older than a document without the directive belongs to an earlier publish of
// it, and is replaced.
// - The anchors are read page by page, because others may write there, too: what they write must
// not make a response larger than the transport takes. Another document begins the list anew: the
// anchors of its directives may stand in a page that was read before.
//
// The machine has no connection: its calls go over the watch's, and a lost connection is a failed
// call. So it has no Start and no Stop; AdoptDocument starts its work.
//
// Not thread-safe, not copyable. Invariants: at most one call is under way; all sizes are bounded
// by the document's limit of 10,000 directives, or by kMaxOrphans.
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
#include "osproxy/etcd/anchor_key.h"
#include "osproxy/etcd/anchor_sweep.h"
#include "osproxy/etcd/machine_events.h"
#include "osproxy/etcd/protocol.h"
#include "osproxy/etcd/transport.h"

namespace osproxy::etcd {

struct AnchorMachineOptions {
  std::string document_key;
  std::string prefix;  ///< of the anchors' keys; ends with '/'

  std::chrono::nanoseconds call_timeout = std::chrono::seconds{3};
  /// How much later than the own first sight an anchor may be and still count. It is the longest
  /// race between two instances that see the directive come. An even later anchor was written by a
  /// wrong clock, or by an instance that had no etcd for so long.
  std::chrono::nanoseconds race_window = std::chrono::seconds{1};
  /// How long a directive that may be old is withheld.
  std::chrono::nanoseconds hold_timeout = std::chrono::seconds{1};
  /// After a call that failed; less up to half of jitter.
  std::chrono::nanoseconds retry_after = std::chrono::seconds{5};
  /// After a call that was not permitted: a person has to grant the permission first.
  std::chrono::nanoseconds retry_after_refusal = std::chrono::minutes{10};
  /// Each instance sweeps at a random moment of this window.
  std::chrono::nanoseconds sweep_window = std::chrono::seconds{10};
  /// The window of another sweep: the document had changed during a removal (it may do so again),
  /// or a write had no response (it may be carried out after its directive has gone).
  std::chrono::nanoseconds resweep_window = std::chrono::seconds{30};
};

/// An event: this document was applied. The references are used during resume() only.
struct AdoptDocument {
  const Document& document;
  Revision mod_revision = 0;     ///< 0: the key does not exist
  Revision as_of = 0;            ///< the document was the current one at this revision
  std::uint64_t cluster_id = 0;  ///< to which the revisions belong
  bool from_watch = false;       ///< the document is new: the watch brought it
  /// The life that is remembered of a directive; nullopt if this is its first sight.
  std::function<std::optional<Life>(const Directive&)> remembered;
};

// Actions.
struct ListAnchors {
  CallId call;
  ListRequest request;
};
struct WriteAnchor {
  CallId call;
  WriteRequest request;
};
/// The directive was first seen at this moment.
struct Anchored {
  Directive directive;
  WallTime first_seen;
  /// The life begins no later than this on the boot clock: the wall clock may have been set.
  BootTime own_first_seen;
};
/// No directive of the document is withheld any more.
struct ReleaseWithheld {};

class AnchorMachine {
 public:
  using Event = std::variant<TimePassed, AdoptDocument, ListDone, WriteDone, CallFailed>;
  using Action = std::variant<ListAnchors, WriteAnchor, Anchored, ReleaseWithheld>;
  using Actions = std::vector<Action>;

  /// Anchors in one response: a tenth of what the largest document has. Of larger values, which are
  /// no anchors, fewer are read at a time.
  static constexpr std::int64_t kPage = 1'000;
  /// Keys of one list. Anchors beyond are found when they cannot be created.
  static constexpr std::size_t kMaxListed = 100'000;
  /// Orphans that one sweep removes; the next one removes more.
  static constexpr std::size_t kMaxOrphans = 10'000;

  AnchorMachine(AnchorMachineOptions options, Random random);
  AnchorMachine(const AnchorMachine&) = delete;
  AnchorMachine& operator=(const AnchorMachine&) = delete;

  [[nodiscard]] Actions resume(const Event& event, Now now);

  /// nullopt while there is nothing to do.
  std::optional<BootTime> wake_at() const;

  bool withholds(const Directive& directive) const;

  /// Why the own count applies to directives of this document; nullopt if the fleet's does.
  std::optional<Failure> refusal() const;

 private:
  enum class Progress : std::uint8_t {
    Unknown,  // the anchors have not been read since
    Missing,  // the anchor is to be written
    Agreed,
  };

  struct Entry {
    Directive directive;
    WallTime first_seen;      // by the own count, or as agreed
    BootTime own_first_seen;  // by the own count, or later by the length of a race
    bool is_own = true;       // first_seen: no anchor has changed it
    Revision absent_at = 0;   // a document without it was current at this revision; 0: unknown
    Progress progress = Progress::Unknown;
    Revision replaces = 0;  // the mod_revision of an earlier publish's anchor; 0: none
    bool withheld = false;
  };

  // The document in force, as far as the machine needs it.
  struct Adopted {
    Revision mod_revision;
    Revision as_of;
    std::uint64_t cluster_id;
  };

  enum class Purpose : std::uint8_t { List, Put, Remove };

  struct Call {
    CallId id;
    Purpose purpose;
    std::string key;        // of the anchor; empty for a list
    WallTime first_seen{};  // of a Put
  };

  struct Listing {
    bool is_under_way = false;
    std::string first;           // the first key of the next page; empty: of the first page
    std::int64_t limit = kPage;  // of a page
    std::size_t seen = 0;
    std::vector<std::string> orphans;
  };

  void handle(TimePassed) {}
  void handle(const AdoptDocument& adopt);
  void handle(const ListDone& list);
  void handle(const WriteDone& write);
  void handle(const CallFailed& failed);

  void forget_lineage();
  void take_page(const ListDone& page);
  Entry make_entry(const Directive& directive, const AdoptDocument& adopt) const;
  std::optional<Call> finish_call(CallId id);
  void finish_put(const WriteDone& write, const Call& call);
  void finish_removal(const WriteDone& write, const Call& call);
  void agree(Entry& entry, const std::string& value);
  void announce(const Entry& entry);
  void check_timers();
  void release_withheld();
  void start_next_call();
  void start_list();
  void start_write(const std::string& key, const Entry& entry);
  void start_removal(const std::string& key);
  CallId begin_call(Purpose purpose, std::string key, WallTime first_seen = {});
  bool has_work() const;

  const AnchorMachineOptions options_;
  Random random_;

  std::map<std::string, Entry> entries_;  // by the anchor's key: the directives with `ttl_secs`
  std::optional<Adopted> adopted_;
  Now now_{};

  std::optional<Call> call_;
  Listing listing_;
  std::uint64_t last_call_;
  BootTime next_call_at_{};
  std::optional<BootTime> hold_until_;
  AnchorSweep sweep_;
  std::optional<Failure> refusal_;

  Actions actions_;
};

}  // namespace osproxy::etcd
