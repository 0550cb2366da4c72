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

std::string in_words(const WatchAnswer& answer) {
  std::string text =
      fmt::format("watch {} at revision {}:", number(answer.call), answer.header.revision);
  if (answer.created) text += " created";
  if (answer.canceled) text += fmt::format(" canceled ({})", answer.cancel_reason);
  if (answer.compact_revision != 0) text += fmt::format(" compacted {}", answer.compact_revision);
  for (const WatchEvent& event : answer.events) {
    text += fmt::format(" {}@{}", event.deleted ? "deleted" : event.value, event.mod_revision);
  }
  if (answer.fragment) text += " and more";
  return text;
}

}  // namespace

std::string describe(const Event& event) {
  return std::visit(Overloaded{
                        [](Start) -> std::string { return "start"; },
                        [](TimePassed) -> std::string { return "time passed"; },
                        [](Stop) -> std::string { return "stop"; },
                        [](const ReadDone& read) {
                          return fmt::format("read {} at cluster {} revision {}: {}@{}",
                                             number(read.call), read.header.cluster_id,
                                             read.header.revision, read.value, read.mod_revision);
                        },
                        [](const WatchAnswer& answer) { return in_words(answer); },
                        [](const CallFailed& failed) {
                          return fmt::format("call {} failed: {}", number(failed.call),
                                             describe("", failed.failure));
                        },
                    },
                    event);
}

std::string describe(const Action& action) {
  return std::visit(
      Overloaded{
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
      },
      action);
}

std::string describe(const MachineStatus& status, BootTime now) {
  std::string text = fmt::format("{} @{}", to_string(status.state), status.revision);
  if (status.verified_at) {
    const std::chrono::duration<double> age = now - *status.verified_at;
    text += fmt::format(", verified {:.3f} s ago", age.count());
  }
  if (!status.reason.empty()) text += ": " + status.reason;
  return text;
}

}  // namespace osproxy::etcd::sim
