#include "sim/trace_text.h"

#include <chrono>
#include <string_view>
#include <utility>

#include <fmt/format.h>

namespace osproxy::etcd::sim {
namespace {

template <class... Ts>
struct Overloaded : Ts... {
  using Ts::operator()...;
};

std::uint64_t number(CallId call) { return static_cast<std::uint64_t>(call); }

std::string to_text(const WatchResponse& response) {
  std::string text =
      fmt::format("watch {} at revision {}:", number(response.call), response.header.revision);
  if (response.created) text += " created";
  if (response.canceled) text += fmt::format(" canceled ({})", response.cancel_reason);
  if (response.compact_revision != 0)
    text += fmt::format(" compacted {}", response.compact_revision);
  for (const WatchEvent& event : response.events) {
    text += fmt::format(" {}@{}", event.deleted ? "deleted" : event.value, event.mod_revision);
  }
  if (response.fragment) text += " and more";
  return text;
}

std::string to_text(const AckFacts& facts) {
  return fmt::format("{} @{}{}", facts.state, facts.revision,
                     facts.rejected ? ", one rejected" : "");
}

// The events and actions of the machines.
const Overloaded kToText{
    [](Start) -> std::string { return "start"; },
    [](TimePassed) -> std::string { return "time passed"; },
    [](Stop) -> std::string { return "stop"; },
    [](const ReadDone& read) {
      return fmt::format("read {} at cluster {} revision {}: {}@{}", number(read.call),
                         read.header.cluster_id, read.header.revision, read.value,
                         read.mod_revision);
    },
    [](const WatchResponse& response) { return to_text(response); },
    [](const CallFailed& failed) {
      return fmt::format("call {} failed: {}", number(failed.call), describe("", failed.failure));
    },
    [](const AckReport& report) { return "report: " + to_text(report.facts); },
    [](const ListDone& list) { return fmt::format("count {}: {}", number(list.call), list.count); },
    [](const GrantDone& grant) {
      return fmt::format("grant {}: lease {}", number(grant.call), grant.lease);
    },
    [](const KeptAlive& kept) {
      return fmt::format("keep {}: {} s", number(kept.call), kept.ttl.count());
    },
    [](const WriteDone& write) {
      return fmt::format("write {}: {}@{}", number(write.call),
                         write.succeeded ? "written" : "not written", write.mod_revision);
    },
    [](const Revoked& revoked) { return fmt::format("revoke {}: done", number(revoked.call)); },
    [](const OpenConnection& open) { return fmt::format("connect to {}", open.endpoint); },
    [](const CloseConnection&) -> std::string { return "close the connection"; },
    [](const StartRead& read) {
      return fmt::format("{} {}", read.keys_only ? "read the key's revision" : "read",
                         number(read.call));
    },
    [](const StartWatch& watch) {
      return fmt::format("watch {} from {}", number(watch.call), watch.start_revision);
    },
    [](const CancelCall& cancel) { return fmt::format("cancel {}", number(cancel.call)); },
    [](const Apply& apply) {
      return fmt::format("apply {}@{}", apply.value.value_or("nothing"), apply.revision);
    },
    [](const RefuseOversized& refuse) {
      return fmt::format("refuse the value @{}: too large", refuse.revision);
    },
    [](const ReadAck& read) { return fmt::format("read the key {}", number(read.call)); },
    [](const CountFleet& count) { return fmt::format("count {}", number(count.call)); },
    [](const GrantLease& grant) { return fmt::format("grant a lease {}", number(grant.call)); },
    [](const WriteAck& write) {
      return fmt::format("write {} over @{} under {}: {}", number(write.call), write.expected,
                         write.lease, to_text(write.facts));
    },
    [](const KeepLeaseAlive& keep) {
      return fmt::format("keep {}: lease {}", number(keep.call), keep.lease);
    },
    [](const RevokeLease& revoke) {
      return fmt::format("revoke {}: lease {}", number(revoke.call), revoke.lease);
    },
};

}  // namespace

std::string describe(const WatchMachine::Event& event) { return std::visit(kToText, event); }

std::string describe(const AckMachine::Event& event) { return std::visit(kToText, event); }

std::string describe(const WatchMachine::Action& action) { return std::visit(kToText, action); }

std::string describe(const AckMachine::Action& action) { return std::visit(kToText, action); }

std::string describe(const WatchStatus& status, BootTime now) {
  std::string text = fmt::format("{} @{}", to_string(status.state), status.revision);
  if (status.verified_at) {
    const std::chrono::duration<double> age = now - *status.verified_at;
    text += fmt::format(", verified {:.3f} s ago", age.count());
  }
  if (!status.reason.empty()) text += ": " + status.reason;
  return text;
}

}  // namespace osproxy::etcd::sim
