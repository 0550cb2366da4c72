#include "sim/set_oracle.h"

#include <algorithm>
#include <chrono>
#include <string>
#include <variant>

#include "osproxy/core/rfc3339.h"
#include "osproxy/etcd/anchor_machine.h"

namespace osproxy::etcd::sim {
namespace {

using namespace std::chrono_literals;

/// The longest time that an old directive is withheld.
constexpr auto kLongestHold = 1s;
/// The instance that writes the anchor may have seen the directive later by this much.
constexpr auto kLongestRace = 1s;

bool is_relative(const Directive& directive) {
  return std::holds_alternative<RelativeEnd>(directive.end);
}

bool holds(const Document& document, const std::string& id) {
  return std::ranges::find(document.directives, id, &Directive::id) != document.directives.end();
}

std::optional<WallTime> first_seen_in(const std::string& anchor) { return parse_anchor(anchor); }

/// Since when the document has this directive without a break, in the current lineage.
struct Presence {
  Revision since = 0;
  BootTime began{};
  int times = 0;
};

Presence presence_of(const std::string& id, const ModelEtcd& etcd) {
  Presence presence;
  bool was_there = false;
  for (const auto& [revision, version] : etcd.log()) {
    if (!version->document) continue;  // malformed: the earlier one stays in force
    const bool is_there = holds(*version->document, id);
    if (is_there && !was_there) {
      presence = {revision, version->committed, presence.times + 1};
    }
    was_there = is_there;
  }
  if (!was_there) presence.since = 0;
  return presence;
}

}  // namespace

SetOracle::SetOracle(const World& world)
    : world_(world),
      keeps_clock_(keeps_clock(world.schedule)),
      keeps_lineage_(keeps_lineage(world.schedule)) {}

void SetOracle::begin_run(const ModelDisk::SavedState* saved, std::uint64_t boot) {
  document_.reset();
  bounds_.clear();
  resumed_.clear();
  checked_.reset();
  began_ = world_.clock.now().wall;
  replaced_late_.clear();
  if (!saved) return;
  const Now now = world_.clock.now();
  for (const auto& [id, life] : saved->bounds) {
    const Life by_wall = life_until(life.wall_end, now);
    resumed_[id] = saved->boot == boot ? earlier_ends(life, by_wall) : by_wall;
  }
  if (!world_.schedule.from_last_good) return;
  document_ = std::make_shared<const Document>(saved->set.document);
  bounds_ = resumed_;
}

/// The life of a directive that this instance sees first now.
Life SetOracle::first_seen(const Directive& directive) const {
  const Now now = world_.clock.now();
  if (const auto* life = std::get_if<RelativeEnd>(&directive.end)) {
    return {.wall_end = now.wall + *life, .boot_end = now.boot + *life};
  }
  return life_until(std::get<AbsoluteEnd>(directive.end), now);
}

void SetOracle::applied(const Version& version) {
  if (!version.document) return;
  Bounds bounds;
  for (const Directive& directive : version.document->directives) {
    const auto known = bounds_.find(directive.id);
    Life life = known != bounds_.end() ? known->second : first_seen(directive);
    const auto resumed = resumed_.find(directive.id);
    if (resumed != resumed_.end()) life = earlier_ends(life, resumed->second);
    bounds.emplace(directive.id, life);
  }
  document_ = version.document;
  bounds_ = std::move(bounds);
  resumed_.clear();
}

void SetOracle::after_step(const EtcdDocumentApplier& applier, const Version* shown,
                           const WatchStatus& machine) {
  if (shown && applier.rejected().has_value() != !shown->document) {
    world_.report.violated("a malformed document is not remembered, or a good one is rejected");
  }
  if (applier.rejected() && applier.rejected()->revision != machine.revision) {
    world_.report.violated("another revision is rejected than the malformed one");
  }
  const auto set = applier.cell().load();
  check_lives(*set);
  if (set == checked_ && !applier.is_holding()) return;
  checked_ = set;
  check_document(*set, applier.is_holding());
}

void SetOracle::check_lives(const DirectiveSet& set) {
  const Now now = world_.clock.now();
  for (const CompiledDirective& compiled : set.directives()) {
    const auto bound = bounds_.find(compiled.directive.id);
    if (bound == bounds_.end()) {
      return world_.report.violated("a directive is in force that the document does not have");
    }
    const auto race = is_relative(compiled.directive) ? kLongestRace : 0s;
    const Now then{now.wall - race, now.boot - race};
    if (!compiled.life.is_over(now) && bound->second.is_over(then)) {
      world_.report.violated("a directive outlives its end");
    }
  }
}

/// All of the last good document is in force, but for withheld directives.
void SetOracle::check_document(const DirectiveSet& set, bool holding) {
  if (!document_) {
    if (!set.empty()) world_.report.violated("something is in force before there is a document");
    return;
  }
  const Now now = world_.clock.now();
  std::size_t in_force = 0;
  for (const Directive& directive : document_->directives) {
    const auto has_id = [&](const auto& one) { return one.directive.id == directive.id; };
    if (std::ranges::any_of(set.directives(), has_id)) {
      ++in_force;
      continue;
    }
    if (!holding || !is_relative(directive)) {
      return world_.report.violated("a directive of the document is not in force");
    }
    const BootTime seen = bounds_.at(directive.id).boot_end - std::get<RelativeEnd>(directive.end);
    if (now.boot > seen + kLongestHold) {
      return world_.report.violated("a directive is withheld for too long");
    }
  }
  if (in_force != set.directives().size()) {
    world_.report.violated("a directive is in force that the document does not have");
  }
}

void SetOracle::expect_truth(const EtcdDocumentApplier& applier) {
  if (applier.is_holding()) world_.report.violated("a directive is withheld after a calm minute");
  if (!world_.etcd.current().document) return;  // malformed: an earlier one is in force
  const Now now = world_.clock.now();
  for (const CompiledDirective& compiled : applier.cell().load()->directives()) {
    expect_anchor(compiled, now);
    expect_alive(compiled.directive, compiled.life, now);
  }
  expect_no_orphans();
}

/// W20: a directive with `ttl_secs` has an anchor, and ends no later than the anchor says.
void SetOracle::expect_anchor(const CompiledDirective& compiled, Now now) {
  const Schedule& schedule = world_.schedule;
  if (!is_relative(compiled.directive) || !schedule.may_write || has(schedule, StepKind::Restore)) {
    return;
  }
  const auto* anchor =
      world_.etcd.keys().find(anchor_key(anchor_prefix(kDocumentKey), compiled.directive));
  if (!anchor) return world_.report.violated("a directive has no anchor after a calm minute");
  if (!keeps_clock_) return;  // an anchor in the future counts for nothing
  const auto first_seen = first_seen_in(anchor->value);
  const WallTime end = *first_seen + std::get<RelativeEnd>(compiled.directive.end);
  if (now.wall >= end && !compiled.life.is_over(now)) {
    world_.report.violated("a directive outlives its anchor");
  }
  if (replaced_late_.contains(anchor_key(anchor_prefix(kDocumentKey), compiled.directive))) return;
  if (compiled.life.wall_end != end &&
      bounds_.at(compiled.directive.id).wall_end + kLongestRace >= end) {
    world_.report.violated("a directive ends at another moment than its anchor says");
  }
}

/// A directive that was put once, and whose end is in the future, is in force.
void SetOracle::expect_alive(const Directive& directive, const Life& life, Now now) {
  if (!keeps_clock_ || !keeps_lineage_ || !life.is_over(now)) return;
  const Presence presence = presence_of(directive.id, world_.etcd);
  if (presence.times != 1) return;
  const auto* ttl = std::get_if<RelativeEnd>(&directive.end);
  const WallTime end =
      ttl ? true_wall(presence.began) + *ttl : std::get<AbsoluteEnd>(directive.end);
  if (now.wall < end) world_.report.violated("a directive ends before its time");
}

void SetOracle::expect_no_orphans() {
  const Schedule& schedule = world_.schedule;
  if (!schedule.may_write || !keeps_lineage_ || has(schedule, StepKind::WriteAnchors)) return;
  std::size_t expected = 0;
  for (const Directive& directive : world_.etcd.current().document->directives) {
    expected += is_relative(directive) ? 1 : 0;
  }
  if (world_.etcd.keys().list(anchor_prefix(kDocumentKey)).size() != expected) {
    world_.report.violated("an anchor is left behind without its directive");
  }
}

void SetOracle::key_changed(const std::string& key, const ModelKeys::Key* before,
                            const ModelKeys::Key* after) {
  const std::string prefix = anchor_prefix(kDocumentKey);
  // This run may have accepted the replaced anchor: it cannot know what happened before it.
  if (before && after && key.starts_with(prefix) && first_seen_in(after->value) < began_) {
    replaced_late_.insert(key);
  }
  if (!keeps_lineage_) return;  // a revision then belongs to several histories
  if (!before || !key.starts_with(prefix) || !world_.etcd.current().document) return;
  for (const Directive& directive : world_.etcd.current().document->directives) {
    if (!is_relative(directive) || anchor_key(prefix, directive) != key) continue;
    if (before->mod_revision <= presence_of(directive.id, world_.etcd).since) continue;
    world_.report.violated(after ? "an anchor in use is replaced" : "an anchor in use is removed");
  }
}

}  // namespace osproxy::etcd::sim
