// osproxyctl watch
#include <chrono>
#include <memory>
#include <ostream>
#include <stop_token>
#include <utility>

#include <fmt/ostream.h>

#include "osproxy/cli/commands/change_queue.h"
#include "osproxy/cli/commands/commands.h"
#include "osproxy/cli/commands/watch_log.h"
#include "osproxy/cli/connection/connection.h"
#include "osproxy/cli/flags/flags.h"

namespace osproxy::cli {
namespace {

// The first line shows the state at the start, not the steps towards it: a healthy store is synced
// within this time after connecting.
constexpr std::chrono::seconds kMaxSettleTime{1};
constexpr std::size_t kMaxPathBytes = 4096;  // PATH_MAX

struct Flags {
  ConnectionFlags connection;
  Output output = Output::Text;
  std::optional<std::string> state_dir;
};

constexpr char kExamples[] = R"(Examples:
  osproxyctl watch --endpoints 127.0.0.1:2379
  osproxyctl watch --endpoints 10.0.0.1:2379,10.0.0.2:2379 --key osproxy/directives --output json

Reads the key and follows it as an instance does. Prints a line at the start, and whenever the
active set, the state or a rejection changes; an expiry is a change too. Ends on SIGINT or SIGTERM.
With --state-dir, a directory that only this watch uses, it also starts without etcd if it has seen
a good set before; the state is then stale.

Exit codes: 0 ended by a signal, 5 etcd is not reachable at the start.)";

std::expected<void, Failure> print_changes(ChangeQueue& changes, const std::stop_token& stop,
                                           Output output, Environment& environment) {
  std::ostream& out = environment.out;
  WatchLog log(output);
  while (const auto change = changes.pop(stop)) {
    if (change->left_out > 0) {
      fmt::print(environment.err, "{} changes are left out: the output is read too slowly\n",
                 change->left_out);
      environment.err.flush();
    }
    const auto line = log.next(change->status, *change->set, change->at);
    if (!line) continue;
    out << *line << '\n' << std::flush;
    if (!out) {
      return std::unexpected(output_failure());
    }
  }
  return {};
}

std::expected<void, Failure> watch(const Flags& flags, Environment& environment) {
  auto access = etcd_access(flags.connection, environment);
  if (!access) return std::unexpected(access.error());
  access->state_dir = flags.state_dir.value_or("");
  const std::stop_token stop = environment.stop_on_signal();
  ChangeQueue changes;  // outlives the store, whose thread fills it
  const auto on_change = [&](const StoreStatus& status, const DirectiveSet::Pointer& set) {
    changes.push({.status = status, .set = set, .at = environment.clock.now()});
  };
  const auto store = environment.etcd.store(*access, on_change);
  if (!store) return std::unexpected(Failure{ExitCode::Unreachable, store.error()});
  changes.settle(kMaxSettleTime, stop);
  return print_changes(changes, stop, flags.output, environment);
}

}  // namespace

Action add_watch(CLI::App& app) {
  const auto flags = std::make_shared<Flags>();
  add_value(app, "--state-dir", "DIR",
            "Keep the last good set in this directory, and start from it if etcd is down",
            text_reader(flags->state_dir, kMaxPathBytes));
  add_output(app, flags->output);
  add_connection(app, flags->connection, Reach::Etcd);
  set_examples(app, kExamples);
  return [flags](Environment& environment) { return watch(*flags, environment); };
}

}  // namespace osproxy::cli
