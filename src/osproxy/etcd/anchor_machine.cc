#include "osproxy/etcd/anchor_machine.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "osproxy/etcd/random_time.h"

namespace osproxy::etcd {
namespace {

using namespace std::chrono_literals;

// The watch machine's calls, on the same transport, count from 1.
constexpr std::uint64_t kFirstCall = std::uint64_t{1} << 63;

// No osproxy that writes anchors is older, so that an earlier time is a forgery. It must not end a
// directive at once.
constexpr WallTime kOldestAnchor = std::chrono::sys_days{std::chrono::year{2026} / 1 / 1};

bool is_relative(const Directive& directive) {
  return std::holds_alternative<RelativeEnd>(directive.end);
}

}  // namespace

AnchorMachine::AnchorMachine(AnchorMachineOptions options, Random random)
    : options_(std::move(options)), random_(random), last_call_(kFirstCall) {}

AnchorMachine::Actions AnchorMachine::resume(const Event& event, Now now) {
  assert(now.boot >= now_.boot);
  now_ = now;
  std::visit([this](const auto& one) { handle(one); }, event);
  check_timers();
  return std::exchange(actions_, {});
}

void AnchorMachine::handle(const AdoptDocument& adopt) {
  if (!adopted_ || adopt.cluster_id != adopted_->cluster_id || adopt.as_of < adopted_->as_of) {
    forget_lineage();
  }
  std::map<std::string, Entry> entries;
  std::size_t kept = 0;
  for (const Directive& directive : adopt.document.directives) {
    if (!is_relative(directive)) continue;
    std::string key = anchor_key(options_.prefix, directive);
    const auto known = entries_.find(key);
    kept += known != entries_.end() ? 1 : 0;
    Entry entry = known != entries_.end() ? std::move(known->second) : make_entry(directive, adopt);
    // A document that comes while some directives wait does not make them wait longer.
    if (entry.withheld && !hold_until_) hold_until_ = now_.boot + options_.hold_timeout;
    entries.insert_or_assign(std::move(key), std::move(entry));
  }
  // Also after a start: the instance that should have removed some orphans may be gone.
  if (kept < entries_.size() || !sweep_.orphans().empty() || !adopted_) {
    sweep_.plan(now_.boot, options_.sweep_window, random_);
  }
  if (kept < entries.size()) next_call_at_ = now_.boot;
  entries_ = std::move(entries);
  adopted_ = Adopted{
      .mod_revision = adopt.mod_revision, .as_of = adopt.as_of, .cluster_id = adopt.cluster_id};
  sweep_.forget_orphans();
  if (!listing_.first.empty()) {
    listing_ = {};
    call_.reset();
  }
}

/// Another cluster, or an older state of it, may not know what was agreed in the earlier one. An
/// instance that starts later must find it all the same.
void AnchorMachine::forget_lineage() {
  if (adopted_) adopted_->as_of = 0;
  call_.reset();
  listing_ = {};
  next_call_at_ = now_.boot;
  for (auto& [key, entry] : entries_) {
    entry.absent_at = 0;
    entry.progress = Progress::Unknown;
    entry.replaces = 0;
  }
}

AnchorMachine::Entry AnchorMachine::make_entry(const Directive& directive,
                                               const AdoptDocument& adopt) const {
  Entry entry{.directive = directive, .first_seen = now_.wall, .own_first_seen = now_.boot};
  if (adopted_) entry.absent_at = adopted_->as_of;
  if (const auto life = adopt.remembered(directive)) {
    const auto ttl = std::get<RelativeEnd>(directive.end);
    entry.first_seen = std::min(now_.wall, life->wall_end - ttl);
    entry.own_first_seen = std::min(now_.boot, life->boot_end - ttl);
  } else {
    entry.withheld = !adopt.from_watch;
  }
  return entry;
}

/// The call that this event ends; nullopt if the event belongs to another one.
std::optional<AnchorMachine::Call> AnchorMachine::finish_call(CallId id) {
  if (!call_ || call_->id != id) return std::nullopt;
  return std::exchange(call_, std::nullopt);
}

void AnchorMachine::handle(const ListDone& list) {
  if (!finish_call(list.call)) return;
  refusal_.reset();
  take_page(list);
  const bool is_needed = sweep_.needs_list() || std::ranges::any_of(entries_, [](const auto& one) {
                           return one.second.progress == Progress::Unknown;
                         });
  const bool is_last = list.count <= std::ssize(list.entries) || list.entries.empty();
  if (is_needed && !is_last && listing_.seen < kMaxListed) {
    listing_.first = list.entries.back().key + '\0';
    return;
  }
  for (auto& [key, entry] : entries_) {
    if (entry.progress == Progress::Unknown) entry.progress = Progress::Missing;
  }
  if (listing_.orphans.size() == kMaxOrphans) {
    sweep_.plan(now_.boot, options_.resweep_window, random_);
  }
  sweep_.listed(std::move(listing_.orphans));
  listing_ = {};
  release_withheld();
}

void AnchorMachine::take_page(const ListDone& page) {
  listing_.seen += page.entries.size();
  for (const KeyValue& anchor : page.entries) {
    const auto found = entries_.find(anchor.key);
    if (found == entries_.end()) {
      if (listing_.orphans.size() < kMaxOrphans) listing_.orphans.push_back(anchor.key);
      continue;
    }
    Entry& entry = found->second;
    if (entry.progress != Progress::Unknown) continue;
    if (anchor.mod_revision <= entry.absent_at) {
      entry.replaces = anchor.mod_revision;  // of an earlier publish of the same directive
    } else {
      agree(entry, anchor.value);
    }
  }
}

void AnchorMachine::handle(const WriteDone& write) {
  const auto call = finish_call(write.call);
  if (!call) return;
  refusal_.reset();
  if (call->purpose == Purpose::Put) return finish_put(write, *call);
  finish_removal(write, *call);
}

void AnchorMachine::finish_put(const WriteDone& write, const Call& call) {
  const auto found = entries_.find(call.key);
  if (found == entries_.end()) return;
  Entry& entry = found->second;
  if (entry.first_seen != call.first_seen) {
    // The directive has gone and come back meanwhile: this anchor may be the earlier publish's.
    entry.progress = Progress::Unknown;
  } else if (write.succeeded) {
    entry.progress = Progress::Agreed;  // on the own count
  } else if (write.mod_revision == 0) {
    entry.replaces = 0;  // another instance has removed it: to be written again
  } else {
    agree(entry, write.value);
  }
}

void AnchorMachine::finish_removal(const WriteDone& write, const Call& call) {
  sweep_.removed(call.key);
  // The document has changed meanwhile, and the new one may never be adopted.
  if (!write.succeeded) sweep_.plan(now_.boot, options_.resweep_window, random_);
  // The directive has come back while its anchor was being removed.
  const auto entry = entries_.find(call.key);
  if (entry != entries_.end()) entry->second.progress = Progress::Unknown;
}

/// A value that is no time, or is later than a race can explain, or earlier than any anchor,
/// counts for nothing: the own count applies.
void AnchorMachine::agree(Entry& entry, const std::string& value) {
  entry.progress = Progress::Agreed;
  const auto first_seen = parse_anchor(value);
  const auto latest = entry.first_seen + (entry.is_own ? options_.race_window : 0s);
  const bool counts = first_seen && *first_seen != entry.first_seen && *first_seen <= latest &&
                      *first_seen >= kOldestAnchor;
  if (counts) {
    entry.own_first_seen += std::max<std::chrono::nanoseconds>(*first_seen - entry.first_seen, 0s);
    entry.first_seen = *first_seen;
    entry.is_own = false;
  }
  // The life of a withheld directive has not begun yet: it begins at the first sight, not now.
  if (counts || entry.withheld) announce(entry);
}

void AnchorMachine::announce(const Entry& entry) {
  actions_.emplace_back(Anchored{.directive = entry.directive,
                                 .first_seen = entry.first_seen,
                                 .own_first_seen = entry.own_first_seen});
}

void AnchorMachine::handle(const CallFailed& failed) {
  const auto call = finish_call(failed.call);
  if (!call) return;
  if (call->purpose == Purpose::List) {
    // One key always fits: etcd takes no value above 1.5 MiB.
    const bool is_too_large = failed.failure.kind == FailureKind::TooLarge && listing_.limit > 1;
    if (is_too_large) {
      listing_.limit = std::max<std::int64_t>(listing_.limit / 4, 1);
      return;
    }
    listing_ = {};
  }
  if (failed.failure.kind == FailureKind::Permission) {
    refusal_ = failed.failure;
    next_call_at_ = now_.boot + options_.retry_after_refusal;
    return release_withheld();
  }
  next_call_at_ = now_.boot + jittered(random_, options_.retry_after, 2);
  if (call->purpose != Purpose::Put) return;
  sweep_.expect_late_write(now_.boot + options_.resweep_window);
  sweep_.plan(now_.boot, options_.resweep_window, random_);
}

void AnchorMachine::release_withheld() {
  hold_until_.reset();
  bool any = false;
  for (auto& [key, entry] : entries_) {
    if (!std::exchange(entry.withheld, false)) continue;
    any = true;
    // Its life begins at the first sight, when it was withheld, not now.
    if (entry.progress != Progress::Agreed) announce(entry);
  }
  if (any) actions_.emplace_back(ReleaseWithheld{});
}

void AnchorMachine::check_timers() {
  if (hold_until_ && now_.boot >= *hold_until_) release_withheld();
  start_next_call();
}

std::optional<BootTime> AnchorMachine::wake_at() const {
  std::optional<BootTime> at = hold_until_;
  const auto earlier = [&at](BootTime time) { at = at ? std::min(*at, time) : time; };
  if (!call_ && has_work()) earlier(next_call_at_);
  if (!call_ && sweep_.planned_at()) earlier(std::max(*sweep_.planned_at(), next_call_at_));
  return at;
}

bool AnchorMachine::withholds(const Directive& directive) const {
  if (!hold_until_ || !is_relative(directive)) return false;
  const auto entry = entries_.find(anchor_key(options_.prefix, directive));
  return entry != entries_.end() && entry->second.withheld;
}

std::optional<Failure> AnchorMachine::refusal() const {
  return entries_.empty() ? std::nullopt : refusal_;
}

bool AnchorMachine::has_work() const {
  return sweep_.needs_list() || !sweep_.orphans().empty() ||
         std::ranges::any_of(
             entries_, [](const auto& entry) { return entry.second.progress != Progress::Agreed; });
}

/// First the list that withheld directives wait for, last the list of a sweep, which can wait.
void AnchorMachine::start_next_call() {
  if (call_ || now_.boot < next_call_at_) return;
  if (listing_.is_under_way) return start_list();
  sweep_.begin_if_due(now_.boot, options_.sweep_window, random_);
  const auto first = [this](Progress progress) {
    return std::ranges::find_if(
        entries_, [progress](const auto& entry) { return entry.second.progress == progress; });
  };
  if (first(Progress::Unknown) != entries_.end()) return start_list();
  if (const auto missing = first(Progress::Missing); missing != entries_.end()) {
    return start_write(missing->first, missing->second);
  }
  if (!sweep_.orphans().empty()) return start_removal(sweep_.orphans().front());
  if (sweep_.needs_list()) start_list();
}

CallId AnchorMachine::begin_call(Purpose purpose, std::string key, WallTime first_seen) {
  call_ = Call{.id = CallId{++last_call_},
               .purpose = purpose,
               .key = std::move(key),
               .first_seen = first_seen};
  return call_->id;
}

void AnchorMachine::start_list() {
  listing_.is_under_way = true;
  actions_.emplace_back(ListAnchors{.call = begin_call(Purpose::List, {}),
                                    .request = {.prefix = options_.prefix,
                                                .first = listing_.first,
                                                .limit = listing_.limit,
                                                .timeout = options_.call_timeout}});
}

void AnchorMachine::start_write(const std::string& key, const Entry& entry) {
  actions_.emplace_back(
      WriteAnchor{.call = begin_call(Purpose::Put, key, entry.first_seen),
                  .request = {.key = key,
                              .value = anchor_value(entry.directive, entry.first_seen),
                              .expected = entry.replaces,
                              .timeout = options_.call_timeout}});
}

void AnchorMachine::start_removal(const std::string& key) {
  actions_.emplace_back(
      WriteAnchor{.call = begin_call(Purpose::Remove, key),
                  .request = {.key = key,
                              .value = std::nullopt,
                              .guard = KeyCondition{.key = options_.document_key,
                                                    .mod_revision = adopted_->mod_revision},
                              .timeout = options_.call_timeout}});
}

}  // namespace osproxy::etcd
