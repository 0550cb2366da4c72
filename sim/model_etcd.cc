#include "sim/model_etcd.h"

#include <algorithm>
#include <iterator>
#include <utility>
#include <variant>

#include "osproxy/etcd/anchor_machine.h"
#include "sim/model_link.h"

namespace osproxy::etcd::sim {

using namespace std::chrono_literals;
using std::chrono::nanoseconds;

ModelEtcd::ModelEtcd(VirtualTime& time, const Schedule& schedule, Random random)
    : time_(time),
      random_(random),
      schedule_(schedule),
      calm_(schedule.steady_network),
      documents_(schedule.with_directives, true_wall(time.now())),
      log_{{.revision = 0, .version = absence()}},
      members_(schedule.members) {}

// The document.

ModelEtcd::VersionPointer ModelEtcd::absence() {
  static const auto kNothing = std::make_shared<const Document>();
  absences_.push_back(std::make_shared<Version>());
  absences_.back()->document = kNothing;
  absences_.back()->committed = time_.now();
  return absences_.back();
}

void ModelEtcd::commit(VersionPointer version) {
  ++header_.revision;
  log_.back().version->current_until = time_.now();
  version->committed = time_.now();
  version->cluster_id = header_.cluster_id;
  version->current_until = BootTime::max();
  if (version->huge) huge_.emplace(header_.revision, version);
  log_.push_back({.revision = header_.revision, .version = std::move(version)});
  for (ModelLink* link : links_) link->committed(log_.back());
}

void ModelEtcd::put(bool huge) {
  Documents::Generated made = documents_.next(random_);
  auto version = std::make_shared<Version>();
  version->value = std::move(made.bytes);
  if (!huge) version->document = std::move(made.document);
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
  const auto lost = static_cast<std::uint64_t>(header_.revision - least);
  make_current(std::move(older), least + static_cast<Revision>(random_.below(lost + 1)));
  keys_.go_back_to(header_.revision);
}

void ModelEtcd::replace() {
  ++header_.cluster_id;
  keys_.clear();
  make_current({{.revision = 0, .version = absence()}},
               1 + static_cast<Revision>(random_.below(50)));
}

void ModelEtcd::make_current(std::vector<Change> log, Revision revision) {
  const VersionPointer before = log_.back().version;
  log_ = std::move(log);
  header_.revision = revision;
  compacted_ = 0;
  if (before != log_.back().version) {
    before->current_until = time_.now();
    log_.back().version->current_until = BootTime::max();
  }
  for (ModelLink* link : links_) {
    for (std::size_t member = 0; member < members_.size(); ++member) link->break_connection(member);
  }
}

const Version& ModelEtcd::at(Revision revision) const {
  const auto later = std::ranges::upper_bound(log_, revision, {}, &Change::revision);
  return *std::prev(later)->version;  // the first one is older than every revision
}

const Version* ModelEtcd::find(const std::string& value) const {
  const auto found = by_value_.find(value);
  return found == by_value_.end() ? nullptr : found->second.get();
}

const Version* ModelEtcd::find_absence(BootTime time) const {
  for (const VersionPointer& absence : absences_) {
    if (absence->current_until >= time) return absence.get();
  }
  return nullptr;
}

const Version* ModelEtcd::find_huge(Revision revision) const {
  const Version* latest = nullptr;
  const auto [first, last] = huge_.equal_range(revision);
  for (auto found = first; found != last; ++found) {
    if (!latest || found->second->current_until >= latest->current_until) {
      latest = found->second.get();
    }
  }
  return latest;
}

// The other keys.

std::expected<WriteDone, FailureKind> ModelEtcd::write(const WriteRequest& request) {
  const ModelKeys::Key* key = keys_.find(request.key);
  const bool expected = !request.expected || *request.expected == (key ? key->mod_revision : 0);
  // The only guard in use.
  const bool guarded = !request.guard || request.guard->mod_revision == current_revision();
  WriteDone done{.succeeded = expected && guarded};
  if (done.succeeded && request.value) {
    if (!keys_.put(request.key, *request.value, request.lease)) {
      return std::unexpected(FailureKind::NoLease);
    }
  } else if (done.succeeded) {
    keys_.remove(request.key);
  } else if (key) {
    done.value = key->value;
    done.lease = key->lease;
  }
  key = keys_.find(request.key);
  done.mod_revision = key ? key->mod_revision : 0;
  done.header = header();
  return done;
}

/// Another instance, whose clock is right, writes the missing anchors.
void ModelEtcd::write_anchors() {
  if (!current().document) return;
  const WallTime now = true_wall(time_.now());
  for (const Directive& directive : current().document->directives) {
    if (!std::holds_alternative<RelativeEnd>(directive.end)) continue;
    const std::string key = anchor_key(anchor_prefix(kDocumentKey), directive);
    if (!keys_.find(key)) keys_.put(key, anchor_value(directive, now));
  }
}

// Faults.

void ModelEtcd::perform(const Step& step) {
  switch (step.kind) {
    case StepKind::Put:
      return put(false);
    case StepKind::PutHuge:
      return put(true);
    case StepKind::Remove:
      return remove();
    case StepKind::ChangeOtherKey:
      ++header_.revision;
      return;
    case StepKind::Compact:
      compacted_ = header_.revision;
      return;
    case StepKind::WriteAnchors:
      return write_anchors();
    case StepKind::Restore:
      return restore();
    case StepKind::Replace:
      return replace();
    case StepKind::StopMember:
      for (ModelLink* link : links_) link->break_connection(step.member);
      return for_a_while(step, &Member::up, false);
    case StepKind::FreezeMember:
      return for_a_while(step, &Member::frozen, true);
    case StepKind::DeafenMember:
      return for_a_while(step, &Member::deaf, true);
    case StepKind::DelayMember:
      return for_a_while(step, &Member::lagging, true);
    case StepKind::IsolateMember:
      // With require-leader metadata etcd ends the watch; reads wait for a leader.
      for (ModelLink* link : links_) link->end_watches_at(step.member);
      return for_a_while(step, &Member::leaderless, true);
    case StepKind::BreakConnection:
      for (ModelLink* link : links_) link->break_connection(step.member);
      return;
    case StepKind::CancelWatch:
      for (ModelLink* link : links_) link->cancel_watches("etcdserver: whatever");
      return;
    case StepKind::ExpireToken:
      return expire_token();
    case StepKind::EndLeases:
      return keys_.end_leases();
    case StepKind::SuspendInstance:
    case StepKind::RestartInstance:
    case StepKind::KillInstance:
    case StepKind::LoseState:
    case StepKind::Reboot:
    case StepKind::SetClockForward:
    case StepKind::SetClockBack:
      return;  // faults of the instance
  }
  std::unreachable();
}

/// Watches that are up go on: etcd checked their token when they were created. Without a user this
/// is a cluster whose authentication is on for a moment.
void ModelEtcd::expire_token() {
  ++token_;
  if (schedule_.with_user) return;
  for (ModelLink* link : links_) {
    link->refuse_calls();
    link->cancel_watches("etcdserver: invalid auth token");
  }
}

void ModelEtcd::for_a_while(const Step& step, bool Member::* state, bool value) {
  members_[step.member].*state = value;
  time_.after(step.lasts,
              [this, member = step.member, state, value] { members_[member].*state = !value; });
}

void ModelEtcd::calm() {
  calm_ = true;
  for (Member& member : members_) {
    // The events that its watches have lost stay lost.
    member = {};
  }
}

}  // namespace osproxy::etcd::sim
