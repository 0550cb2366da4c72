// Where a command talks to: etcd itself, or instances by their admin listeners.
//
// A flag goes over a variable; among the flags, and among the variables, etcd and admin exclude
// each other, but for a command that can use only one of them. Without any, it is the admin
// listener of an osproxy on this machine.
#pragma once

#include <chrono>
#include <expected>
#include <memory>
#include <optional>
#include <string>

#include "osproxy/cli/admin/admin_client.h"
#include "osproxy/cli/run/environment.h"
#include "osproxy/cli/run/exit_code.h"
#include "osproxy/directive/decode.h"

namespace CLI {
class App;
}

namespace osproxy::cli {

/// What a command can talk to.
enum class Reach : std::uint8_t { Either, Etcd, Admin };

struct ConnectionFlags {
  std::optional<std::string> endpoints;
  std::optional<std::string> key;
  std::optional<std::string> ca_file;
  std::optional<std::string> cert_file;
  std::optional<std::string> key_file;
  std::optional<std::string> user;
  std::optional<std::string> password_file;
  std::optional<std::string> admin;
  std::optional<std::string> token_file;
  std::optional<std::chrono::milliseconds> timeout;
  std::optional<std::chrono::milliseconds> max_life;
};

/// Adds the flags that `reach` needs. `flags` must outlive `app`.
void add_connection(CLI::App& app, ConnectionFlags& flags, Reach reach);

/// What a document may hold: the fleet's longest life is a setting of its instances.
DecodeLimits decode_limits(const ConnectionFlags& flags);

/// What the flags and the variables come to; a failure names the one that is wrong.
std::expected<EtcdAccess, Failure> etcd_access(const ConnectionFlags& flags,
                                               const Environment& environment);
std::expected<AdminAccess, Failure> admin_access(const ConnectionFlags& flags,
                                                 const Environment& environment);

/// The publisher for a command of Reach::Either. Through admin listeners, exactly one instance:
/// those without etcd each have a document of their own, and half a change is none.
std::expected<std::unique_ptr<DirectivePublisher>, Failure> open_publisher(
    const ConnectionFlags& flags, const Environment& environment);

/// The reader of the fleet for a command of Reach::Either. Of several instances the first that
/// answers is asked: with etcd behind them they all know the same.
std::expected<std::unique_ptr<FleetReader>, Failure> open_fleet(const ConnectionFlags& flags,
                                                                const Environment& environment);

}  // namespace osproxy::cli
