#include "osproxy/etcd/anchor_machine.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "osproxy/core/hash.h"
#include "osproxy/core/rfc3339.h"
#include "osproxy/directive/encode.h"

namespace osproxy::etcd {
namespace {

using namespace std::chrono_literals;

// The watch machine's calls, on the same transport, count from 1.
constexpr std::uint64_t kFirstCall = std::uint64_t{1} << 63;

bool is_relative(const Directive& directive) {
  return std::holds_alternative<RelativeEnd>(directive.end);
}

std::optional<WallTime> decode(std::string_view value) {
  return parse_rfc3339_utc(value.substr(0, value.find(' ')));
}

}  // namespace

std::string anchor_prefix(std::string_view document_key) {
  const std::size_t slash = document_key.rfind('/');
  const std::size_t last = slash == std::string_view::npos ? 0 : slash + 1;
  return fmt::format("{}anchors/{}/", document_key.substr(0, last), document_key.substr(last));
}

std::string anchor_key(std::string_view prefix, const Directive& directive) {
  return fmt::format("{}{:016x}", prefix, fnv1a_64(encode_directive(directive)));
}

std::string anchor_value(const Directive& directive, WallTime first_seen) {
  return fmt::format("{} {}", format_rfc3339(first_seen), directive.id);
}

AnchorMachine::AnchorMachine(AnchorOptions options, Random random)
    : options_(std::move(options)), random_(random), last_call_(kFirstCall) {}

AnchorActions AnchorMachine::adopt(const Adopted& adopted, Now now) {
  if (adopted.cluster_id != cluster_id_ || adopted.as_of < as_of_) forget_lineage(now);
  cluster_id_ = adopted.cluster_id;
  std::map<std::string, Entry> entries;
  std::size_t kept = 0;
  for (const Directive& directive : adopted.document.directives) {
    if (!is_relative(directive)) continue;
    std::string key = anchor_key(options_.prefix, directive);
    const auto known = entries_.find(key);
    kept += known != entries_.end() ? 1 : 0;
    Entry entry =
        known != entries_.end() ? std::move(known->second) : make_entry(directive, adopted, now);
    // A document that comes while some wait does not make them wait longer.
    if (entry.withheld && !hold_until_) hold_until_ = now.boot + options_.hold_timeout;
    entries.insert_or_assign(std::move(key), std::move(entry));
  }
  // At the start too: the instance that should have removed some may be gone.
  if (kept < entries_.size() || !orphans_.empty() || !has_adopted_) {
    schedule_sweep(now, options_.sweep_window);
  }
  if (kept < entries.size()) next_call_at_ = now.boot;
  entries_ = std::move(entries);
  has_adopted_ = true;
  mod_revision_ = adopted.mod_revision;
  as_of_ = adopted.as_of;
  orphans_.clear();  // of another document
  start_next(now);
  return std::exchange(actions_, {});
}

/// Another cluster, or an older state of it: what was agreed there may not be known here. Whoever
/// comes later must find it all the same.
void AnchorMachine::forget_lineage(Now now) {
  as_of_ = 0;
  call_.reset();
  next_call_at_ = now.boot;
  for (auto& [key, entry] : entries_) {
    entry.absent_at = 0;
    entry.progress = Progress::Unknown;
    entry.replaces = 0;
  }
}

AnchorMachine::Entry AnchorMachine::make_entry(const Directive& directive, const Adopted& adopted,
                                               Now now) const {
  Entry entry{.directive = directive, .first_seen = now.wall, .own_first_seen = now.boot};
  if (has_adopted_) entry.absent_at = as_of_;
  if (const auto life = adopted.remembered(directive)) {
    const auto ttl = std::get<RelativeEnd>(directive.end);
    entry.first_seen = std::min(now.wall, life->wall_end - ttl);
    entry.own_first_seen = std::min(now.boot, life->boot_end - ttl);
  } else {
    entry.withheld = !adopted.is_news;
  }
  return entry;
}

AnchorActions AnchorMachine::resume(const TransportEvent& event, Now now) {
  const auto is_ours = [this](CallId id) { return call_ && call_->id == id; };
  if (const auto* list = std::get_if<ListDone>(&event); list && is_ours(list->call)) {
    call_.reset();
    take_list(*list);
  } else if (const auto* write = std::get_if<WriteDone>(&event); write && is_ours(write->call)) {
    take_write(*write, *std::exchange(call_, std::nullopt), now);
  } else if (const auto* bad = std::get_if<CallFailed>(&event); bad && is_ours(bad->call)) {
    take_failure(bad->failure, *std::exchange(call_, std::nullopt), now);
  }
  return time_passed(now);
}

AnchorActions AnchorMachine::time_passed(Now now) {
  if (hold_until_ && now.boot >= *hold_until_) release();
  start_next(now);
  return std::exchange(actions_, {});
}

std::optional<BootTime> AnchorMachine::wake_at() const {
  std::optional<BootTime> at = hold_until_;
  const auto earlier = [&at](BootTime time) { at = at ? std::min(*at, time) : time; };
  if (!call_ && has_work()) earlier(next_call_at_);
  if (!call_ && sweep_at_) earlier(std::max(*sweep_at_, next_call_at_));
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

void AnchorMachine::take_list(const ListDone& list) {
  refusal_.reset();
  orphans_.clear();
  for (const KeyValue& anchor : list.entries) {
    const auto found = entries_.find(anchor.key);
    if (found == entries_.end()) {
      if (sweeping_) orphans_.push_back(anchor.key);
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
  for (auto& [key, entry] : entries_) {
    if (entry.progress == Progress::Unknown) entry.progress = Progress::Missing;
  }
  sweeping_ = false;
  release();
}

void AnchorMachine::take_write(const WriteDone& write, const Call& call, Now now) {
  refusal_.reset();
  const auto entry = entries_.find(call.key);
  if (call.purpose == Purpose::Put) {
    if (entry == entries_.end()) return;
    if (entry->second.first_seen == call.first_seen) return take_put(write, entry->second);
    // Its directive has gone and come back meanwhile: whether the anchor counts is to be looked at.
    entry->second.progress = Progress::Unknown;
    return;
  }
  std::erase(orphans_, call.key);
  // The document is another one by now, and perhaps none that will ever be adopted.
  if (!write.succeeded) schedule_sweep(now, options_.resweep_window);
  // Its directive has come back while it was being removed.
  if (entry != entries_.end()) entry->second.progress = Progress::Unknown;
}

void AnchorMachine::take_put(const WriteDone& write, Entry& entry) {
  if (write.succeeded) {
    entry.progress = Progress::Agreed;  // on our own count
  } else if (write.mod_revision == 0) {
    entry.replaces = 0;  // somebody has removed it: to be written anew
  } else {
    agree(entry, write.value);
  }
}

/// A value that is no time, or a later one than the winner's of a race, binds nobody: the own count
/// stands.
void AnchorMachine::agree(Entry& entry, const std::string& value) {
  entry.progress = Progress::Agreed;
  const auto first_seen = decode(value);
  const auto most = entry.first_seen + (entry.is_own ? options_.race_window : 0s);
  const bool binds = first_seen && *first_seen != entry.first_seen && *first_seen <= most;
  if (binds) {
    entry.own_first_seen += std::max<std::chrono::nanoseconds>(*first_seen - entry.first_seen, 0s);
    entry.first_seen = *first_seen;
    entry.is_own = false;
  }
  // What was withheld has not begun its life yet: it did so when it was first seen, not now.
  if (!binds && !entry.withheld) return;
  actions_.emplace_back(Anchored{.directive = entry.directive,
                                 .first_seen = entry.first_seen,
                                 .own_first_seen = entry.own_first_seen});
}

void AnchorMachine::take_failure(const Failure& failure, const Call& call, Now now) {
  if (failure.kind == FailureKind::Permission) {
    refusal_ = failure;
    next_call_at_ = now.boot + options_.retry_after_refusal;
    release();
    return;
  }
  next_call_at_ = now.boot + options_.retry_after - up_to(options_.retry_after / 2);
  if (call.purpose != Purpose::Put) return;
  unsettled_until_ = now.boot + options_.resweep_window;
  schedule_sweep(now, options_.resweep_window);
}

void AnchorMachine::release() {
  hold_until_.reset();
  bool any = false;
  for (auto& [key, entry] : entries_) {
    if (!std::exchange(entry.withheld, false)) continue;
    any = true;
    if (entry.progress == Progress::Agreed) continue;
    // Its first sight was when it was withheld, not now.
    actions_.emplace_back(Anchored{.directive = entry.directive,
                                   .first_seen = entry.first_seen,
                                   .own_first_seen = entry.own_first_seen});
  }
  if (any) actions_.emplace_back(ReleaseWithheld{});
}

void AnchorMachine::schedule_sweep(Now now, std::chrono::nanoseconds window) {
  if (!sweep_at_) sweep_at_ = now.boot + up_to(window);
}

bool AnchorMachine::has_work() const {
  return sweeping_ || !orphans_.empty() || std::ranges::any_of(entries_, [](const auto& entry) {
           return entry.second.progress != Progress::Agreed;
         });
}

/// What is asked for next: first what withheld directives wait for, last what can wait longest.
void AnchorMachine::start_next(Now now) {
  if (call_ || now.boot < next_call_at_) return;
  if (sweep_at_ && now.boot >= *sweep_at_) {
    sweep_at_.reset();
    sweeping_ = true;
    if (unsettled_until_ && now.boot < *unsettled_until_) {
      sweep_at_ = *unsettled_until_ + up_to(options_.sweep_window);
    }
  }
  const auto first = [this](Progress progress) {
    return std::ranges::find_if(
        entries_, [progress](const auto& entry) { return entry.second.progress == progress; });
  };
  if (first(Progress::Unknown) != entries_.end()) return start_list();
  if (const auto missing = first(Progress::Missing); missing != entries_.end()) {
    return start_write(missing->first, missing->second);
  }
  if (!orphans_.empty()) return start_removal(orphans_.front());
  if (sweeping_) start_list();
}

CallId AnchorMachine::begin_call(Purpose purpose, std::string key, WallTime first_seen) {
  call_ = Call{.id = CallId{++last_call_},
               .purpose = purpose,
               .key = std::move(key),
               .first_seen = first_seen};
  return call_->id;
}

void AnchorMachine::start_list() {
  actions_.emplace_back(
      ListAnchors{.call = begin_call(Purpose::List, {}),
                  .request = {.prefix = options_.prefix, .timeout = options_.call_timeout}});
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
  actions_.emplace_back(WriteAnchor{
      .call = begin_call(Purpose::Remove, key),
      .request = {
          .key = key,
          .value = std::nullopt,
          .guard = KeyCondition{.key = options_.document_key, .mod_revision = mod_revision_},
          .timeout = options_.call_timeout}});
}

std::chrono::nanoseconds AnchorMachine::up_to(std::chrono::nanoseconds most) {
  return std::chrono::nanoseconds{
      static_cast<std::int64_t>(random_.below(static_cast<std::uint64_t>(most.count())))};
}

}  // namespace osproxy::etcd
