#include "osproxy/store/fleet.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <simdjson.h>

#include "osproxy/core/json_writer.h"

namespace osproxy {
namespace {

namespace dom = simdjson::dom;

constexpr std::size_t kMaxDepth = 16;  // a fleet has five levels

bool is_synced(const FleetMember& member) {
  return member.applied && member.ack->state == to_string(StoreState::Synced);
}

std::string why_not(const InstanceAck& ack, std::int64_t current) {
  if (ack.rejected && ack.rejected->revision == current) {
    return fmt::format("it rejected revision {}: {} at {}", current, ack.rejected->slug,
                       ack.rejected->where.empty() ? "the document" : ack.rejected->where);
  }
  if (ack.state != to_string(StoreState::Synced)) {
    return fmt::format("its store is {}: it may not know the document yet", ack.state);
  }
  return "it has not reported it yet";
}

void add_thinned(InstanceAck& ack, const DirectiveSet& set, Now now) {
  for (const CompiledDirective& compiled : set.directives()) {
    const auto refused = compiled.usage->refused.load(std::memory_order_relaxed);
    if (refused == 0 || compiled.life.is_over(now)) continue;
    const auto notice = compiled.usage->thinning.notice();
    if (!notice) continue;  // it has left nothing out lately
    ++ack.thinned_count;
    if (ack.thinned.size() == InstanceAck::kMaxThinned) continue;
    ack.thinned.push_back({.id = compiled.directive.id,
                           .since = notice->since,
                           .reason = describe(*notice),
                           .refused = static_cast<std::int64_t>(refused)});
  }
}

FleetMember parse_member(dom::element element) {
  FleetMember member;
  std::string_view text;
  dom::object ack;
  if (element["instance"].get(text) == simdjson::SUCCESS) member.instance = text;
  if (element["why"].get(text) == simdjson::SUCCESS) member.why = text;
  std::ignore = element["applied"].get(member.applied);
  if (element["ack"].get(ack) == simdjson::SUCCESS) {
    auto decoded = decode_ack(simdjson::minify(ack));
    if (decoded) member.ack = *std::move(decoded);
  }
  if (!member.ack) member.applied = false;
  return member;
}

}  // namespace

std::string_view to_string(AckState state) noexcept {
  switch (state) {
    case AckState::Off:
      return "off";
    case AckState::Pending:
      return "pending";
    case AckState::Written:
      return "written";
    case AckState::NameTaken:
      return "name_taken";
    case AckState::NotPermitted:
      return "not_permitted";
    case AckState::Failing:
      return "failing";
  }
  std::unreachable();
}

std::size_t Fleet::count_applied() const {
  return static_cast<std::size_t>(std::ranges::count_if(members, &FleetMember::applied));
}

std::size_t Fleet::count_synced() const {
  return static_cast<std::size_t>(std::ranges::count_if(members, &is_synced));
}

FleetMember judge_member(InstanceAck ack, CurrentDocument current) {
  FleetMember member{.instance = ack.instance,
                     .ack = std::nullopt,
                     .applied = ack.revision == current.revision || ack.revision > current.seen};
  if (!member.applied) member.why = why_not(ack, current.revision);
  member.ack = std::move(ack);
  return member;
}

FleetMember judge_value(std::string instance, std::string_view value, CurrentDocument current) {
  auto ack = decode_ack(value);
  std::string fault = ack ? "" : ack.error();
  if (ack && ack->instance != instance) fault = "it is another instance's";
  if (ack && ack->revision > current.newest)
    fault = "it names a revision that etcd has not reached";
  if (fault.empty()) return judge_member(*std::move(ack), current);
  return {.instance = std::move(instance),
          .why = fmt::format("its key holds no valid ack: {}", fault)};
}

std::string fleet_json(const Fleet& fleet) {
  JsonWriter json;
  json.begin_object().field("revision", fleet.revision).field("applied", fleet.all_applied());
  if (fleet.left_out > 0) json.field("left_out", fleet.left_out);
  json.key("instances").begin_array();
  for (const FleetMember& member : fleet.members) {
    json.begin_object().field("instance", member.instance).field("applied", member.applied);
    json.field_or_null("why", member.why).key("ack");
    member.ack ? json.raw(encode_ack(*member.ack)) : json.null();
    json.end_object();
  }
  json.end_array().end_object();
  return std::move(json).take();
}

std::optional<Fleet> parse_fleet(std::string_view json) {
  dom::parser parser;
  dom::element root;
  dom::array members;
  Fleet fleet;
  if (parser.allocate(json.size(), kMaxDepth) != simdjson::SUCCESS ||
      parser.parse(json.data(), json.size()).get(root) != simdjson::SUCCESS ||
      root["revision"].get(fleet.revision) != simdjson::SUCCESS ||
      root["instances"].get(members) != simdjson::SUCCESS) {
    return std::nullopt;
  }
  std::ignore = root["left_out"].get(fleet.left_out);
  fleet.left_out = std::max<std::int64_t>(fleet.left_out, 0);  // another process's text
  for (const dom::element member : members) fleet.members.push_back(parse_member(member));
  return fleet;
}

InstanceAck make_ack(AckAuthor author, const StoreStatus& status, const DirectiveSet& set,
                     Now now) {
  InstanceAck ack{.instance = std::move(author.instance),
                  .revision = status.revision,
                  .rejected = std::nullopt,
                  .state = std::string(to_string(status.state)),
                  .verified_age = std::nullopt,
                  .version = std::move(author.version),
                  .started = author.started,
                  .written = now.wall,
                  .admin = std::move(author.admin)};
  add_thinned(ack, set, now);
  if (status.rejected) {
    ack.rejected = {.revision = status.rejected->revision,
                    .slug = std::string(to_string(status.rejected->fault)),
                    .where = status.rejected->where};
  }
  if (status.verified_age) {
    ack.verified_age = std::chrono::duration_cast<std::chrono::milliseconds>(*status.verified_age);
  }
  return ack;
}

Fleet fleet_of_one(AckAuthor author, const StoreStatus& status, const DirectiveSet& set, Now now) {
  const std::int64_t current = status.rejected ? status.rejected->revision : status.revision;
  InstanceAck ack = make_ack(std::move(author), status, set, now);
  return {.revision = current,
          .members = {judge_member(std::move(ack), {.revision = current, .seen = current})}};
}

}  // namespace osproxy
