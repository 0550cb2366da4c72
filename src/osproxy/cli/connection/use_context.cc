#include "osproxy/cli/connection/use_context.h"

#include <optional>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "osproxy/cli/connection/contexts.h"
#include "osproxy/cli/print/text.h"
#include "osproxy/core/nearest_name.h"

namespace osproxy::cli {
namespace {

struct Field {
  const char* name;  ///< in a context; with dashes in front, the flag
  const char* variable;
  std::optional<std::string> ConnectionFlags::* flag;
};

constexpr Field kOfEtcd[] = {
    {"endpoints", "OSPROXYCTL_ENDPOINTS", &ConnectionFlags::endpoints},
    {"key", "OSPROXYCTL_KEY", &ConnectionFlags::key},
    {"etcd-ca-file", "OSPROXYCTL_ETCD_CA_FILE", &ConnectionFlags::ca_file},
    {"etcd-cert-file", "OSPROXYCTL_ETCD_CERT_FILE", &ConnectionFlags::cert_file},
    {"etcd-key-file", "OSPROXYCTL_ETCD_KEY_FILE", &ConnectionFlags::key_file},
    {"etcd-user", "OSPROXYCTL_ETCD_USER", &ConnectionFlags::user},
    {"etcd-password-file", "OSPROXYCTL_ETCD_PASSWORD_FILE", &ConnectionFlags::password_file},
};
constexpr Field kAdmin{"admin", "OSPROXYCTL_ADMIN", &ConnectionFlags::admin};
constexpr Field kToken{"token-file", "OSPROXYCTL_TOKEN", &ConnectionFlags::token_file};
constexpr Field kOfAdminTls[] = {
    {"ca-file", "OSPROXYCTL_CA_FILE", &ConnectionFlags::admin_ca_file},
    {"cert-file", "OSPROXYCTL_CERT_FILE", &ConnectionFlags::admin_cert_file},
    {"key-file", "OSPROXYCTL_KEY_FILE", &ConnectionFlags::admin_key_file},
};
constexpr Field kFleetHosts{"fleet-hosts", "OSPROXYCTL_FLEET_HOSTS", &ConnectionFlags::fleet_hosts};

Failure usage(std::string message) { return {ExitCode::Usage, std::move(message)}; }

bool is_set(const Environment& environment, const char* variable) {
  return !environment.variable(variable).value_or("").empty();
}

bool has_target(const ConnectionFlags& flags, const Environment& environment) {
  return flags.endpoints || flags.admin || is_set(environment, "OSPROXYCTL_ENDPOINTS") ||
         is_set(environment, "OSPROXYCTL_ADMIN");
}

/// The context that is meant, with the place that names it; an empty name: none.
std::pair<std::string, std::string> find_name(const ConnectionFlags& flags,
                                              const Environment& environment,
                                              const Contexts& contexts) {
  if (flags.context) return {*flags.context, "--context"};
  if (is_set(environment, "OSPROXYCTL_CONTEXT")) {
    return {*environment.variable("OSPROXYCTL_CONTEXT"), "OSPROXYCTL_CONTEXT"};
  }
  return {contexts.current, "osproxyctl context use"};
}

class Completion {
 public:
  Completion(ConnectionFlags& flags, const Context& context, const Environment& environment)
      : flags_(flags),
        context_(context),
        environment_(environment),
        beats_variables_(flags.context.has_value()) {}

  std::expected<void, Failure> run() {
    const auto fleet = context_.values.find("fleet");
    if (fleet != context_.values.end() && fleet->second != "true" && fleet->second != "false") {
      return std::unexpected(
          usage(fmt::format("context {}: fleet must be true or false", printable(context_.name))));
    }
    const bool asks_fleet = fleet != context_.values.end() && fleet->second == "true";
    const bool has_etcd = context_.values.contains("endpoints");
    flags_.fleet = flags_.fleet || (asks_fleet && flags_.reach != Reach::Etcd);
    // A command that can use both takes etcd, as with variables.
    const bool by_etcd = has_etcd && (flags_.reach != Reach::Admin || flags_.fleet);
    if (by_etcd) {
      for (const Field& field : kOfEtcd) fill(field);
    } else {
      fill(kAdmin);
    }
    if (!flags_.endpoints && !flags_.admin) return std::unexpected(nothing_to_ask());
    if (!by_etcd || flags_.fleet) {
      fill(kToken);
      for (const Field& field : kOfAdminTls) fill(field);
    }
    if (flags_.fleet) fill(kFleetHosts);
    return {};
  }

 private:
  void fill(const Field& field) {
    if (flags_.*field.flag) return;
    if (!beats_variables_ && is_set(environment_, field.variable)) return;
    const auto value = context_.values.find(field.name);
    if (value != context_.values.end()) flags_.*field.flag = value->second;
  }

  Failure nothing_to_ask() const {
    return usage(fmt::format(
        "context {} has no {}, which this command needs{}", printable(context_.name),
        flags_.reach == Reach::Etcd ? "endpoints" : "admin",
        flags_.reach == Reach::Admin ? "; or, with endpoints, give --fleet or fleet = true" : ""));
  }

  ConnectionFlags& flags_;
  const Context& context_;
  const Environment& environment_;
  const bool beats_variables_;
};

}  // namespace

std::expected<ConnectionFlags, Failure> with_context(ConnectionFlags flags,
                                                     const Environment& environment) {
  if (std::exchange(flags.is_complete, true)) return flags;
  if (flags.context && (flags.endpoints || flags.admin)) {
    return std::unexpected(usage("--context names the fleet: give no --endpoints and no --admin"));
  }
  if (!flags.context && has_target(flags, environment)) return flags;
  const auto contexts = read_contexts(environment);
  if (!contexts) return std::unexpected(contexts.error());
  const auto [name, source] = find_name(flags, environment, *contexts);
  if (name.empty()) return flags;
  const Context* const context = contexts->find(name);
  if (context == nullptr) {
    return std::unexpected(usage(
        fmt::format("{}: there is no context {} in {}{}", source, printable(name),
                    contexts->path.empty() ? "a file: HOME is not set" : printable(contexts->path),
                    did_you_mean(name, contexts->names()))));
  }
  if (auto done = Completion(flags, *context, environment).run(); !done) {
    return std::unexpected(std::move(done).error());
  }
  flags.from_context = name;
  return flags;
}

}  // namespace osproxy::cli
