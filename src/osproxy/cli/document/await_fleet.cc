#include "osproxy/cli/document/await_fleet.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include <fmt/format.h>

#include "osproxy/cli/print/text.h"
#include "osproxy/core/json_writer.h"

namespace osproxy::cli {
namespace {

using std::chrono::milliseconds;

// An instance applies a publish within milliseconds. Each read is a connection to etcd.
constexpr milliseconds kFirstPause{10};
constexpr milliseconds kLongestPause{100};

// A fleet without a document is one that somebody has deleted since.
bool knows_of(const Fleet& fleet, std::int64_t revision) {
  return fleet.revision >= revision || fleet.revision == 0;
}

bool has_applied(const FleetMember& member, const Fleet& fleet, std::int64_t revision) {
  if (!member.ack) return false;
  return member.ack->revision >= revision || (member.applied && knows_of(fleet, revision));
}

bool has_rejected(const FleetMember& member, std::int64_t current) {
  return member.ack && member.ack->rejected && member.ack->rejected->revision == current;
}

/// The last that wrote its ack of those that were still missing, by their clocks: they were found
/// at the same read.
std::string find_slowest(const std::vector<FleetMember>& applied,
                         const std::vector<FleetMember>& missing_before) {
  const FleetMember* slowest = nullptr;
  const auto was_missing = [&](const FleetMember& member) {
    return missing_before.empty() ||
           std::ranges::find(missing_before, member.instance, &FleetMember::instance) !=
               missing_before.end();
  };
  for (const FleetMember& member : applied) {
    if (!was_missing(member)) continue;
    if (slowest == nullptr || member.ack->written > slowest->ack->written) slowest = &member;
  }
  return slowest == nullptr || applied.size() < 2 ? "" : slowest->instance;
}

std::string duration_text(milliseconds time) {
  if (time < std::chrono::seconds{1}) return fmt::format("{} ms", time.count());
  return fmt::format("{:.1f} s", std::chrono::duration<double>(time).count());
}

}  // namespace

FleetProgress await_fleet(FleetReader& reader, const AwaitedPublish& publish,
                          Environment& environment) {
  const BootTime start = environment.clock.now().boot;
  FleetProgress progress;
  milliseconds pause = kFirstPause;
  while (true) {
    const auto fleet = reader.read();
    if (!fleet) {
      progress.unreadable = fleet.error();
      return progress;
    }
    const std::vector<FleetMember> missing_before = std::exchange(progress.missing, {});
    std::vector<FleetMember> applied;
    for (const FleetMember& member : fleet->members) {
      const bool is_applied = has_applied(member, *fleet, publish.revision);
      (is_applied ? applied : progress.missing).push_back(member);
    }
    progress.applied = applied.size();
    progress.left_out = fleet->left_out;
    const BootTime now = environment.clock.now().boot;
    progress.took = std::chrono::floor<milliseconds>(now - start);
    const bool is_hopeless = std::ranges::all_of(
        progress.missing, [&](const auto& one) { return has_rejected(one, fleet->revision); });
    if (is_hopeless || progress.took >= publish.most) {
      if (progress.missing.empty()) progress.slowest = find_slowest(applied, missing_before);
      return progress;
    }
    environment.sleep(std::min(pause, publish.most - progress.took));
    pause = std::min(2 * pause, kLongestPause);
  }
}

std::string progress_text(const FleetProgress& progress) {
  if (!progress.unreadable.empty()) {
    const std::string seen = progress.members() > 0
                                 ? fmt::format(" ({}/{} had)", progress.applied, progress.members())
                                 : "";
    return fmt::format("applied: not known{}: {}\n", seen, printable(progress.unreadable));
  }
  if (progress.members() == 0 && progress.left_out == 0) {
    return "applied 0/0: no instance of a fleet acknowledges this key\n";
  }
  std::string text = fmt::format("applied {}/{} in {}", progress.applied, progress.members(),
                                 duration_text(progress.took));
  if (!progress.slowest.empty()) {
    text += fmt::format(" (slowest {})", printable(progress.slowest));
  }
  text += '\n';
  for (const FleetMember& member : progress.missing) {
    text += fmt::format("  not {}: {}\n", printable(member.instance), printable(member.why));
  }
  if (progress.left_out > 0) {
    text +=
        fmt::format("  {} more instances are not known: there are too many\n", progress.left_out);
  }
  return text;
}

std::string progress_json(const FleetProgress& progress) {
  JsonWriter json;
  json.begin_object();
  if (!progress.unreadable.empty()) {
    json.field("unreadable", progress.unreadable).end_object();
    return std::move(json).take();
  }
  json.field("applied", progress.applied).field("instances", progress.members());
  if (progress.left_out > 0) json.field("left_out", progress.left_out);
  json.field("took_ms", progress.took.count()).field_or_null("slowest", progress.slowest);
  json.key("missing").begin_array();
  for (const FleetMember& member : progress.missing) {
    json.begin_object().field("instance", member.instance).field("why", member.why).end_object();
  }
  json.end_array().end_object();
  return std::move(json).take();
}

}  // namespace osproxy::cli
