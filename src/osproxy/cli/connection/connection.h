// Connects a command to etcd or to the admin listeners of instances, by flags and variables.
//
// A flag takes precedence over a variable, and both over a context (use_context.h). For a command
// that can use both, the flags of etcd and of the admin listener exclude each other, and so do the
// variables. By default a command uses the admin listener on this machine.
#pragma once

#include <chrono>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "osproxy/cli/admin/admin_client.h"
#include "osproxy/cli/run/environment.h"
#include "osproxy/cli/run/exit_code.h"
#include "osproxy/directive/decode.h"

namespace CLI {
class App;
}

namespace osproxy::cli {

/// The targets that a command can connect to.
enum class Reach : std::uint8_t { Either, Etcd, Admin };

/// Members: a flag each, and where they have come from.
struct ConnectionFlags {
  std::optional<std::string> context;
  std::optional<std::string> endpoints;
  std::optional<std::string> key;
  std::optional<std::string> ca_file;
  std::optional<std::string> cert_file;
  std::optional<std::string> key_file;
  std::optional<std::string> user;
  std::optional<std::string> password_file;
  std::optional<std::string> admin;
  std::optional<std::string> token_file;
  std::optional<std::string> admin_ca_file;
  std::optional<std::string> admin_cert_file;
  std::optional<std::string> admin_key_file;
  std::optional<std::chrono::milliseconds> timeout;
  std::optional<std::chrono::milliseconds> max_life;
  bool fleet = false;  ///< the instances of the fleet, instead of those of --admin
  std::optional<std::string> fleet_hosts;
  bool verbose = false;     ///< says which instances are asked
  bool no_history = false;  ///< a publish to etcd has no entry in the history
  Reach reach = Reach::Either;
  bool is_complete = false;    ///< has been through with_context()
  std::string from_context{};  ///< the context that has given some of them; empty: none has
};

/// Adds the flags for `reach`. `flags` must outlive `app`.
/// With Reach::Admin, --fleet and its flags are among them, and those of etcd go with --fleet only.
void add_connection(CLI::App& app, ConnectionFlags& flags, Reach reach);

/// Adds --fleet and its flags, for a command of Reach::Either that also asks instances.
void add_fleet_choice(CLI::App& app, ConnectionFlags& flags);

/// Adds --no-history, for a command that publishes.
void add_history_choice(CLI::App& app, ConnectionFlags& flags);

/// The limits of a document; --max-life is a setting of the fleet's instances.
DecodeLimits decode_limits(const ConnectionFlags& flags);

/// Evaluates the flags and the variables; a failure names the one that is wrong.
std::expected<EtcdAccess, Failure> etcd_access(const ConnectionFlags& flags,
                                               const Environment& environment);

/// The instances to ask: those of --admin; with --fleet those of the fleet, which is read here, and
/// of which some may not be askable (AdminInstance::fault).
std::expected<AdminAccess, Failure> admin_access(const ConnectionFlags& flags,
                                                 const Environment& environment);

/// The instances that a command of Reach::Either asks beside what it publishes: the one of --admin,
/// or with etcd those of the fleet. Unless --fleet agrees to that, no token goes where acks say.
std::expected<AdminAccess, Failure> access_beside(const ConnectionFlags& flags,
                                                  const Environment& environment);

/// The failure of a command that shows the other instances. `errors` has at least one, each of an
/// instance that is missing; several are printed here, a line each.
Failure instances_missing(const std::vector<std::string>& errors, const Environment& environment);

/// The publisher for a command of Reach::Either. It takes exactly one admin listener: instances
/// without etcd each have their own document, and publishing to some of them would be half a
/// change.
std::expected<std::unique_ptr<DirectivePublisher>, Failure> open_publisher(
    const ConnectionFlags& flags, const Environment& environment);

/// The fleet reader for a command of Reach::Either. Of several instances the first one that
/// responds is enough: they all read the fleet from the same etcd.
std::expected<std::unique_ptr<FleetReader>, Failure> open_fleet(const ConnectionFlags& flags,
                                                                const Environment& environment);

/// The history, likewise.
std::expected<std::unique_ptr<HistoryReader>, Failure> open_history(const ConnectionFlags& flags,
                                                                    const Environment& environment);

}  // namespace osproxy::cli
