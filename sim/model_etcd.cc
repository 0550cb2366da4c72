#include "sim/model_etcd.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace osproxy::etcd::sim {

using namespace std::chrono_literals;
using std::chrono::nanoseconds;

ModelEtcd::ModelEtcd(VirtualTime& time, std::size_t members, bool steady_network, Random random,
                     std::function<void(Event)> deliver)
    : time_(time),
      random_(random),
      deliver_(std::move(deliver)),
      calm_(steady_network),
      log_{{.revision = 0, .version = absence()}},
      members_(members) {}

bool ModelEtcd::chance(int per_mille) {
  return !calm_ && random_.below(1000) < static_cast<std::uint64_t>(per_mille);
}

/// Mostly short; now and then longer than every timeout of the machine's.
nanoseconds ModelEtcd::random_delay() {
  const nanoseconds most = chance(20) ? 6s : chance(100) ? 300ms : 3ms;
  return random_below(most);
}

nanoseconds ModelEtcd::random_below(nanoseconds most) {
  const auto bound = static_cast<std::uint64_t>(most.count());
  return nanoseconds{static_cast<std::int64_t>(random_.below(bound))};
}

// The cluster.

ModelEtcd::VersionPointer ModelEtcd::absence() {
  absences_.push_back(std::make_shared<Version>());
  absences_.back()->committed = time_.now();
  return absences_.back();
}

void ModelEtcd::commit(VersionPointer version) {
  ++revision_;
  log_.back().version->current_until = time_.now();
  version->committed = time_.now();
  version->cluster_id = cluster_id_;
  version->current_until = BootTime::max();
  if (version->huge) huge_.emplace(revision_, version);
  log_.push_back({.revision = revision_, .version = std::move(version)});
  for (const auto& [id, call] : calls_) {
    const Member& member = members_[call.member];
    const bool hears = !member.deaf && !member.frozen && !member.leaderless;
    if (call.watching && !broken_ && hears) gather(id, log_.back());
  }
}

void ModelEtcd::put(bool huge) {
  auto version = std::make_shared<Version>();
  version->value = "v" + std::to_string(++values_);
  version->huge = huge;
  by_value_[*version->value] = version;
  commit(std::move(version));
}

void ModelEtcd::remove() {
  if (current().value) commit(absence());
}

void ModelEtcd::restore() {
  std::vector<Change> older(
      log_.begin(), log_.begin() + 1 + static_cast<std::ptrdiff_t>(random_.below(log_.size())));
  const Revision least = std::max<Revision>(older.back().revision, 1);
  const auto lost = static_cast<std::uint64_t>(revision_ - least);
  make_current(std::move(older), least + static_cast<Revision>(random_.below(lost + 1)));
}

void ModelEtcd::replace() {
  ++cluster_id_;
  make_current({{.revision = 0, .version = absence()}},
               1 + static_cast<Revision>(random_.below(50)));
}

void ModelEtcd::make_current(std::vector<Change> log, Revision revision) {
  const VersionPointer before = log_.back().version;
  log_ = std::move(log);
  revision_ = revision;
  compacted_ = 0;
  if (before != log_.back().version) {
    before->current_until = time_.now();
    log_.back().version->current_until = BootTime::max();
  }
  for (std::size_t member = 0; member < members_.size(); ++member) break_connections(member);
}

const ModelEtcd::Version& ModelEtcd::at(Revision revision) const {
  const auto later = std::ranges::upper_bound(log_, revision, {}, &Change::revision);
  return *std::prev(later)->version;  // the first is from before every revision
}

const ModelEtcd::Version* ModelEtcd::find(const std::string& value) const {
  const auto found = by_value_.find(value);
  return found == by_value_.end() ? nullptr : found->second.get();
}

const ModelEtcd::Version* ModelEtcd::find_absence(BootTime time) const {
  for (const VersionPointer& absence : absences_) {
    if (absence->current_until >= time) return absence.get();
  }
  return nullptr;
}

const ModelEtcd::Version* ModelEtcd::find_huge(Revision revision) const {
  const Version* latest = nullptr;
  const auto [first, last] = huge_.equal_range(revision);
  for (auto found = first; found != last; ++found) {
    if (!latest || found->second->current_until >= latest->current_until) {
      latest = found->second.get();
    }
  }
  return latest;
}

// Faults.

void ModelEtcd::perform(const Step& step) {
  switch (step.deed) {
    case Deed::Put:
      return put(false);
    case Deed::PutHuge:
      return put(true);
    case Deed::Remove:
      return remove();
    case Deed::ChangeOtherKey:
      ++revision_;
      return;
    case Deed::Compact:
      compacted_ = revision_;
      return;
    case Deed::Restore:
      return restore();
    case Deed::Replace:
      return replace();
    case Deed::StopMember:
      break_connections(step.member);
      return for_a_while(step, &Member::up, false);
    case Deed::FreezeMember:
      return for_a_while(step, &Member::frozen, true);
    case Deed::DeafenMember:
      return for_a_while(step, &Member::deaf, true);
    case Deed::DelayMember:
      return for_a_while(step, &Member::lagging, true);
    case Deed::IsolateMember:
      return isolate(step);
    case Deed::BreakConnection:
      return break_connections(step.member);
    case Deed::CancelWatch:
      return cancel_watches("etcdserver: whatever");
    case Deed::ExpireToken:
      return expire_token();
    case Deed::SuspendInstance:
      return;  // not the cluster's
  }
  std::unreachable();
}

void ModelEtcd::cancel_watches(const char* reason) {
  for (const auto& [id, call] : calls_) {
    if (!call.watching) continue;
    send(id,
         WatchAnswer{.call = id, .header = header(), .canceled = true, .cancel_reason = reason});
  }
}

/// With require-leader metadata etcd ends the watch; reads wait for a leader.
void ModelEtcd::isolate(const Step& step) {
  for (const auto& [id, call] : calls_) {
    if (call.watching && call.member == step.member) {
      fail(id, FailureKind::NoLeader, 3s + random_delay());
    }
  }
  for_a_while(step, &Member::leaderless, true);
}

void ModelEtcd::expire_token() {
  for (const auto& [id, call] : calls_) {
    if (!call.watching) fail(id, FailureKind::Unauthenticated, random_delay());
  }
  cancel_watches("etcdserver: invalid auth token");
}

void ModelEtcd::for_a_while(const Step& step, bool Member::* state, bool value) {
  members_[step.member].*state = value;
  time_.after(step.lasts,
              [this, member = step.member, state, value] { members_[member].*state = !value; });
}

void ModelEtcd::calm() {
  calm_ = true;
  for (std::size_t member = 0; member < members_.size(); ++member) {
    // What a deaf or frozen member's watches have lost stays lost.
    members_[member] = {};
  }
}

/// What was sent before may still arrive; nothing that comes after does.
void ModelEtcd::break_connections(std::size_t member) {
  if (connected_ != member) return;
  broken_ = true;
  for (const auto& [id, call] : calls_) fail(id, FailureKind::Unreachable, random_delay());
}

// The network.

void ModelEtcd::perform(const OpenConnection& open) {
  perform(CloseConnection{});
  connected_ = open.endpoint;
  broken_ = false;
}

void ModelEtcd::perform(const CloseConnection&) {
  connected_.reset();
  while (!calls_.empty()) perform(CancelCall{calls_.begin()->first});
}

void ModelEtcd::perform(const CancelCall& cancel) {
  calls_.erase(cancel.call);
  time_.after(random_delay(), [this, call = cancel.call] {
    deliver_(CallFailed{.call = call, .failure = {FailureKind::Cancelled, {}}});
  });
}

void ModelEtcd::perform(const StartRead& read) {
  calls_.emplace(read.call, Call{.member = *connected_});
  // The transport's own deadline; now and then it is late, and the machine's must do.
  if (!chance(300)) fail(read.call, FailureKind::Silent, read.timeout);
  time_.after(random_delay(), [this, read] { answer_read(read); });
}

void ModelEtcd::answer_read(const StartRead& read) {
  const auto found = calls_.find(read.call);
  if (found == calls_.end()) return;
  if (broken_) return fail(read.call, FailureKind::Unreachable, random_delay());
  const Member& member = members_[found->second.member];
  if (!member.up) return fail(read.call, FailureKind::Refused, random_delay());
  if (member.frozen || member.leaderless || chance(30)) return;  // lost
  const Change& now = log_.back();
  if (now.version->huge && !read.keys_only) {
    return fail(read.call, FailureKind::TooLarge, random_delay());
  }
  send(read.call, ReadDone{.call = read.call,
                           .header = header(),
                           .mod_revision = current_revision(),
                           .value = read.keys_only ? "" : now.version->value.value_or("")});
}

void ModelEtcd::perform(const StartWatch& watch) {
  calls_.emplace(watch.call, Call{.member = *connected_});
  time_.after(random_delay(), [this, watch] { accept_watch(watch); });
}

void ModelEtcd::accept_watch(const StartWatch& watch) {
  const auto found = calls_.find(watch.call);
  if (found == calls_.end()) return;
  if (broken_) return fail(watch.call, FailureKind::Unreachable, random_delay());
  const Member& member = members_[found->second.member];
  if (!member.up) return fail(watch.call, FailureKind::Refused, random_delay());
  if (member.frozen) return;
  if (member.leaderless) return fail(watch.call, FailureKind::NoLeader, random_delay());
  WatchAnswer answer{.call = watch.call, .header = header(), .created = true};
  if (watch.start_revision <= compacted_) {
    answer.canceled = true;
    answer.compact_revision = compacted_;
    return send(watch.call, std::move(answer));
  }
  send(watch.call, std::move(answer));
  found->second.watching = true;
  found->second.start_revision = watch.start_revision;
  send_events(watch.call, log_);
}

void ModelEtcd::gather(CallId id, const Change& change) {
  std::vector<Change>& unsent = calls_.at(id).unsent;
  unsent.push_back(change);
  if (unsent.size() > 1) return;
  time_.after(random_below(5ms), [this, id] {
    if (const auto call = calls_.find(id); call != calls_.end()) {
      send_events(id, std::exchange(call->second.unsent, {}));
    }
  });
}

/// In one answer, or in fragments, or one by one; some of them once more, later.
void ModelEtcd::send_events(CallId id, const std::vector<Change>& changes) {
  WatchAnswer answer{.call = id, .header = header()};
  for (const Change& change : changes) {
    if (change.revision < calls_.at(id).start_revision) continue;
    if (change.version->huge) return fail(id, FailureKind::TooLarge, random_delay());
    answer.events.push_back({.deleted = !change.version->value,
                             .mod_revision = change.revision,
                             .value = change.version->value.value_or("")});
    if (&change != &changes.back()) {
      if (random_.below(2) == 0) continue;  // in one answer with the next one
      answer.fragment = random_.below(2) == 0;
    }
    std::optional<WatchAnswer>& repeats = calls_.at(id).repeats;
    if (repeats) send(id, *std::exchange(repeats, std::nullopt));
    if (!answer.fragment && random_.below(10) == 0) repeats = answer;
    send(id, std::exchange(answer, {.call = id, .header = header()}));
  }
}

void ModelEtcd::send(CallId id, Event event) {
  Call& call = calls_.at(id);
  const nanoseconds lag = call.watching && members_[call.member].lagging ? random_below(8s) : 0ns;
  call.last_delivery = std::max(call.last_delivery, time_.now() + random_delay() + lag);
  const bool last = std::holds_alternative<ReadDone>(event);
  time_.after(call.last_delivery - time_.now(), [this, id, last, event = std::move(event)] {
    if (!calls_.contains(id)) return;
    if (last) calls_.erase(id);
    deliver_(event);
  });
}

void ModelEtcd::fail(CallId id, FailureKind kind, nanoseconds delay) {
  time_.after(delay, [this, id, kind] {
    if (calls_.erase(id) != 0) deliver_(CallFailed{.call = id, .failure = {kind, {}}});
  });
}

}  // namespace osproxy::etcd::sim
