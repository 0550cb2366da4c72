#include "osproxy/cli/connection/connection.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include <fmt/ostream.h>

#include "osproxy/cli/admin/admin_fleet_reader.h"
#include "osproxy/cli/admin/admin_history_reader.h"
#include "osproxy/cli/admin/admin_publisher.h"
#include "osproxy/cli/connection/fleet_access.h"
#include "osproxy/cli/connection/use_context.h"
#include "osproxy/cli/flags/flags.h"
#include "osproxy/cli/print/text.h"
#include "osproxy/core/address.h"
#include "osproxy/core/duration.h"
#include "osproxy/core/pem.h"
#include "osproxy/core/read_file.h"
#include "osproxy/etcd/endpoints.h"

namespace osproxy::cli {
namespace {

constexpr char kDefaultAdmin[] = "http://127.0.0.1:9901";
constexpr std::chrono::milliseconds kDefaultTimeout{5'000};
constexpr std::chrono::milliseconds kMaxTimeout{600'000};  // longer is a mistyped unit
constexpr std::chrono::milliseconds kLongestMaxLife = std::chrono::days{366};
constexpr std::size_t kMaxListBytes = 64 * 1024;  // a fleet of a thousand instances with long names
constexpr std::size_t kMaxNameBytes = 256;
constexpr std::size_t kMaxPathBytes = 4096;   // PATH_MAX
constexpr std::size_t kMaxTokenBytes = 4096;  // must fit in a request head

// The credentials for etcd, each given by a flag or a variable.
struct Credential {
  const char* flag;
  const char* variable;
  const char* takes;
  const char* help;
  std::optional<std::string> ConnectionFlags::* given;
  std::string EtcdCredentials::* used;
};

constexpr Credential kCredentials[] = {
    {"--etcd-ca-file", "OSPROXYCTL_ETCD_CA_FILE", "FILE",
     "CAs that may issue etcd's certificate, as PEM", &ConnectionFlags::ca_file,
     &EtcdCredentials::ca_file},
    {"--etcd-cert-file", "OSPROXYCTL_ETCD_CERT_FILE", "FILE", "Certificate for etcd, as PEM",
     &ConnectionFlags::cert_file, &EtcdCredentials::cert_file},
    {"--etcd-key-file", "OSPROXYCTL_ETCD_KEY_FILE", "FILE",
     "Private key of --etcd-cert-file, as PEM", &ConnectionFlags::key_file,
     &EtcdCredentials::key_file},
    {"--etcd-user", "OSPROXYCTL_ETCD_USER", "NAME", "User name in etcd", &ConnectionFlags::user,
     &EtcdCredentials::user},
    {"--etcd-password-file", "OSPROXYCTL_ETCD_PASSWORD_FILE", "FILE",
     "File with the password of --etcd-user", &ConnectionFlags::password_file,
     &EtcdCredentials::password_file},
};

// The files for https to admin listeners.
struct AdminFile {
  const char* flag;
  const char* variable;
  const char* help;
  std::optional<std::string> ConnectionFlags::* given;
};

constexpr AdminFile kAdminFiles[] = {
    {"--ca-file", "OSPROXYCTL_CA_FILE",
     "CAs that may issue the admin listener's certificate, as PEM (default: the system's)",
     &ConnectionFlags::admin_ca_file},
    {"--cert-file", "OSPROXYCTL_CERT_FILE", "Certificate for the admin listener, as PEM",
     &ConnectionFlags::admin_cert_file},
    {"--key-file", "OSPROXYCTL_KEY_FILE", "Private key of --cert-file, as PEM",
     &ConnectionFlags::admin_key_file},
};

Failure usage(std::string message) { return {ExitCode::Usage, std::move(message)}; }

// The result of a function that takes complete flags. Its failure names the context that they are
// of.
template <class Function>
auto with_complete(const ConnectionFlags& given, const Environment& environment,
                   Function&& function) -> decltype(function(given)) {
  const auto flags = with_context(given, environment);
  if (!flags) return std::unexpected(flags.error());
  auto result = function(*flags);
  if (!result && result.error().code == ExitCode::Usage && !given.is_complete &&
      !flags->from_context.empty()) {
    result.error().message += fmt::format(" (context {})", flags->from_context);
  }
  return result;
}

// The text of a flag or variable, with its name for errors.
struct Source {
  std::string name;
  std::string text;
};

std::optional<Source> find(const std::optional<std::string>& flag, const char* flag_name,
                           const char* variable, const Environment& environment) {
  if (flag) return Source{flag_name, *flag};
  auto text = environment.variable(variable);
  if (!text || text->empty()) return std::nullopt;  // an empty variable is an unset one
  return Source{variable, *std::move(text)};
}

std::expected<std::vector<std::string>, Failure> split(const Source& source) {
  auto pieces = split_list(source.text);
  if (!pieces) return std::unexpected(usage(fmt::format("{}: {}", source.name, pieces.error())));
  return *std::move(pieces);
}

std::expected<Origin, Failure> parse_instance(const std::string& name, const std::string& url) {
  auto origin = parse_origin(url);
  if (!origin) return std::unexpected(usage(fmt::format("{}: {}", name, origin.error())));
  return *std::move(origin);
}

bool is_token_character(char c) noexcept { return c > 0x20 && c < 0x7F; }

std::expected<std::string, Failure> check_token(const std::string& name, std::string token) {
  while (token.ends_with('\n') || token.ends_with('\r')) token.pop_back();
  if (token.empty() || token.size() > kMaxTokenBytes ||
      !std::ranges::all_of(token, is_token_character)) {
    return std::unexpected(usage(fmt::format(
        "{}: a token is 1 to {} visible ASCII characters without spaces", name, kMaxTokenBytes)));
  }
  return token;
}

std::expected<std::string, Failure> find_token(const ConnectionFlags& flags,
                                               const Environment& environment) {
  if (!flags.token_file) {
    auto token = environment.variable("OSPROXYCTL_TOKEN");
    if (!token || token->empty()) return std::string{};
    return check_token("OSPROXYCTL_TOKEN", *std::move(token));
  }
  auto token = read_file(*flags.token_file, kMaxTokenBytes + 2);  // room for a line end
  if (!token) return std::unexpected(usage("--token-file: the file " + token.error()));
  return check_token("--token-file", *std::move(token));
}

// The text of a PEM file; empty if none is given.
std::expected<std::string, Failure> read_pem(const AdminFile& file, const ConnectionFlags& flags,
                                             const Environment& environment, std::string& name) {
  const auto source = find(flags.*file.given, file.flag, file.variable, environment);
  if (!source) return std::string();
  name = source->name;
  auto text = read_file(source->text, kMaxPemBytes);
  if (!text) return std::unexpected(usage(fmt::format("{}: the file {}", name, text.error())));
  return *std::move(text);
}

// The credentials for https; null if none are given.
std::expected<std::shared_ptr<const client::TlsCredentials>, Failure> find_tls(
    const ConnectionFlags& flags, const Environment& environment) {
  std::string names[std::size(kAdminFiles)];
  std::string texts[std::size(kAdminFiles)];
  for (std::size_t i = 0; i < std::size(kAdminFiles); ++i) {
    auto text = read_pem(kAdminFiles[i], flags, environment, names[i]);
    if (!text) return std::unexpected(std::move(text).error());
    texts[i] = *std::move(text);
  }
  const auto& [ca, cert, key] = names;
  if (cert.empty() != key.empty()) {
    return std::unexpected(usage("--cert-file and --key-file go together"));
  }
  for (std::size_t i = 0; i < 2; ++i) {
    if (!names[i].empty() && parse_certificates(texts[i]).empty()) {
      return std::unexpected(
          usage(fmt::format("{}: the file holds no certificate in PEM format", names[i])));
    }
  }
  if (!key.empty()) {
    const auto parsed = parse_private_key(texts[2]);
    if (!parsed) {
      return std::unexpected(usage(fmt::format("{}: the file {}", key, parsed.error())));
    }
    if (!belong_together(*parse_certificates(texts[1]).front(), **parsed)) {
      return std::unexpected(
          usage(fmt::format("{}: the key does not belong to the certificate", key)));
    }
  }
  if (ca.empty() && cert.empty()) return nullptr;
  return std::make_shared<const client::TlsCredentials>(client::TlsCredentials{
      .roots = std::move(texts[0]), .chain = std::move(texts[1]), .key = std::move(texts[2])});
}

// Decides whether a command of Reach::Either uses etcd: by flags first, then by variables.
std::expected<bool, Failure> uses_etcd(const ConnectionFlags& flags,
                                       const Environment& environment) {
  const auto is_set = [&](const char* name) {
    const auto text = environment.variable(name);
    return text && !text->empty();
  };
  if (flags.endpoints && flags.admin) {
    return std::unexpected(usage("--endpoints and --admin exclude each other: give one"));
  }
  if (flags.endpoints || flags.admin) return flags.endpoints.has_value();
  const bool etcd = is_set("OSPROXYCTL_ENDPOINTS");
  if (etcd && is_set("OSPROXYCTL_ADMIN")) {
    return std::unexpected(
        usage("OSPROXYCTL_ENDPOINTS and OSPROXYCTL_ADMIN are both set: say which with --endpoints "
              "or --admin"));
  }
  return etcd;
}

void add_etcd(CLI::App& app, ConnectionFlags& flags) {
  add_value(app, "--endpoints", "HOST:PORT[,...]",
            "The etcd servers; https:// in front selects TLS (OSPROXYCTL_ENDPOINTS)",
            text_reader(flags.endpoints, kMaxListBytes))
      .group("Connection");
  add_value(
      app, "--key", "KEY",
      fmt::format("The document's key in etcd (OSPROXYCTL_KEY; default: {})", kDefaultEtcdKey),
      text_reader(flags.key, etcd::kMaxKeyBytes))
      .group("Connection");
  for (const Credential& one : kCredentials) {
    add_value(app, one.flag, one.takes, fmt::format("{} ({})", one.help, one.variable),
              text_reader(flags.*one.given, kMaxPathBytes))
        .group("Connection");
  }
}

void add_admin(CLI::App& app, ConnectionFlags& flags, Reach reach) {
  add_value(app, "--admin", reach == Reach::Admin ? "URL[,...]" : "URL",
            fmt::format("The admin listener (OSPROXYCTL_ADMIN; default: {})", kDefaultAdmin),
            text_reader(flags.admin, kMaxListBytes))
      .group("Connection");
  add_value(app, "--token-file", "FILE",
            "File with the admin listener's token (OSPROXYCTL_TOKEN holds the token)",
            text_reader(flags.token_file, kMaxListBytes))
      .group("Connection");
  for (const AdminFile& one : kAdminFiles) {
    add_value(app, one.flag, "FILE", fmt::format("{} ({})", one.help, one.variable),
              text_reader(flags.*one.given, kMaxPathBytes))
        .group("Connection");
  }
}

}  // namespace

void add_connection(CLI::App& app, ConnectionFlags& flags, Reach reach) {
  flags.reach = reach;
  add_value(app, "--context", "NAME",
            "The fleet, by its name in the configuration (OSPROXYCTL_CONTEXT; see osproxyctl help "
            "context)",
            text_reader(flags.context, kMaxNameBytes))
      .group("Connection");
  add_etcd(app, flags);
  if (reach != Reach::Etcd) add_admin(app, flags, reach);
  if (reach == Reach::Admin) add_fleet_choice(app, flags);
  add_value(app, "--timeout", "DURATION",
            fmt::format("How long to wait for a response (default: {})",
                        format_duration(kDefaultTimeout)),
            duration_reader(flags.timeout, kMaxTimeout))
      .group("Connection");
  if (reach == Reach::Admin) return;
  add_value(app, "--max-life", "DURATION",
            "The instances' --max-life, if they do not have the default",
            duration_reader(flags.max_life, kLongestMaxLife))
      .group("Connection");
}

void add_fleet_choice(CLI::App& app, ConnectionFlags& flags) {
  add_switch(app, "--fleet", flags.fleet,
             "Ask every instance of the fleet, by the addresses in its acks: read from etcd with "
             "--endpoints, else from the instance of --admin")
      .group("Connection");
  add_value(app, "--fleet-hosts", "HOST[,...]",
            "With --fleet, ask only instances at these hosts: names, .suffixes, addresses, blocks "
            "like 10.0.0.0/8 (OSPROXYCTL_FLEET_HOSTS; default: all)",
            text_reader(flags.fleet_hosts, kMaxListBytes))
      .group("Connection");
  add_switch(app, "-v,--verbose", flags.verbose, "Say on standard error which instances are asked")
      .group("Connection");
}

void add_history_choice(CLI::App& app, ConnectionFlags& flags) {
  add_switch(app, "--no-history", flags.no_history,
             "Publish without an entry in the history, for a user in etcd who may not write there")
      .group("Connection");
}

DecodeLimits decode_limits(const ConnectionFlags& flags) {
  DecodeLimits limits;
  if (flags.max_life) limits.max_life = std::chrono::floor<std::chrono::seconds>(*flags.max_life);
  return limits;
}

namespace {

std::expected<EtcdAccess, Failure> complete_etcd_access(const ConnectionFlags& flags,
                                                        const Environment& environment) {
  const auto endpoints = find(flags.endpoints, "--endpoints", "OSPROXYCTL_ENDPOINTS", environment);
  if (!endpoints) {
    return std::unexpected(
        usage("--endpoints: name the etcd servers, as in 127.0.0.1:2379 (or set "
              "OSPROXYCTL_ENDPOINTS)"));
  }
  auto pieces = split(*endpoints);
  if (!pieces) return std::unexpected(std::move(pieces).error());
  auto parsed = etcd::parse_endpoints(*pieces);
  if (!parsed) {
    return std::unexpected(usage(fmt::format("{}: {}", endpoints->name, parsed.error())));
  }
  EtcdTarget target{.endpoints = *std::move(parsed)};
  if (auto key = find(flags.key, "--key", "OSPROXYCTL_KEY", environment)) target.key = key->text;
  for (const Credential& one : kCredentials) {
    auto source = find(flags.*one.given, one.flag, one.variable, environment);
    if (source) target.credentials.*one.used = std::move(source->text);
  }
  if (auto checked = etcd::check_target(target); !checked) {
    return std::unexpected(usage(std::move(checked).error().message));
  }
  return EtcdAccess{.target = std::move(target),
                    .timeout = flags.timeout.value_or(kDefaultTimeout),
                    .limits = decode_limits(flags),
                    .keeps_history = !flags.no_history};
}

// The instances of --admin.
std::expected<AdminAccess, Failure> given_access(const ConnectionFlags& flags,
                                                 const Environment& environment) {
  const Source urls = find(flags.admin, "--admin", "OSPROXYCTL_ADMIN", environment)
                          .value_or(Source{"--admin", kDefaultAdmin});
  const auto pieces = split(urls);
  if (!pieces) return std::unexpected(pieces.error());
  auto token = find_token(flags, environment);
  if (!token) return std::unexpected(std::move(token).error());
  const auto tls = find_tls(flags, environment);
  if (!tls) return std::unexpected(tls.error());

  AdminAccess access{.instances = {},
                     .token = *std::move(token),
                     .timeout = flags.timeout.value_or(kDefaultTimeout)};
  for (const std::string& piece : *pieces) {
    auto instance = parse_instance(urls.name, piece);
    if (!instance) return std::unexpected(std::move(instance).error());
    access.instances.push_back({.origin = *std::move(instance), .tls = *tls});
  }
  return access;
}

// The name of a flag that was given for etcd; null: none was.
const char* given_etcd_flag(const ConnectionFlags& flags) {
  if (flags.endpoints) return "--endpoints";
  if (flags.key) return "--key";
  if (flags.no_history) return "--no-history";
  for (const Credential& one : kCredentials) {
    if (flags.*one.given) return one.flag;
  }
  return nullptr;
}

// A command of Reach::Either goes one of two ways; each refuses the flags of the other.
std::expected<EtcdAccess, Failure> only_etcd(const ConnectionFlags& flags,
                                             const Environment& environment) {
  if (flags.token_file && !flags.fleet) {
    return std::unexpected(usage("--token-file goes with --admin only"));
  }
  for (const AdminFile& one : kAdminFiles) {
    if (flags.*one.given && !flags.fleet) {
      return std::unexpected(usage(fmt::format("{} goes with --admin only", one.flag)));
    }
  }
  return complete_etcd_access(flags, environment);
}

std::expected<AdminAccess, Failure> only_admin(const ConnectionFlags& flags,
                                               const Environment& environment) {
  if (const char* const flag = given_etcd_flag(flags)) {
    return std::unexpected(usage(fmt::format("{} goes with --endpoints only", flag)));
  }
  return given_access(flags, environment);
}

template <class Opened>
std::expected<Opened, Failure> or_unreachable(std::expected<Opened, std::string> opened) {
  if (!opened) return std::unexpected(Failure{ExitCode::Unreachable, std::move(opened).error()});
  return *std::move(opened);
}

std::expected<FleetHosts, Failure> find_fleet_hosts(const ConnectionFlags& flags,
                                                    const Environment& environment) {
  const auto source =
      find(flags.fleet_hosts, "--fleet-hosts", "OSPROXYCTL_FLEET_HOSTS", environment);
  if (!source) return FleetHosts();
  const auto pieces = split(*source);
  if (!pieces) return std::unexpected(pieces.error());
  auto hosts = FleetHosts::parse(*pieces);
  if (!hosts) return std::unexpected(usage(fmt::format("{}: {}", source->name, hosts.error())));
  return *std::move(hosts);
}

// The instances of the fleet, which is read now.
std::expected<AdminAccess, Failure> fleet_access(const ConnectionFlags& flags,
                                                 const Environment& environment) {
  auto token = find_token(flags, environment);
  if (!token) return std::unexpected(std::move(token).error());
  const auto hosts = find_fleet_hosts(flags, environment);
  if (!hosts) return std::unexpected(hosts.error());
  const auto tls = find_tls(flags, environment);
  if (!tls) return std::unexpected(tls.error());
  const auto reader = open_fleet(flags, environment);
  if (!reader) return std::unexpected(reader.error());
  const auto fleet = (*reader)->read();
  if (!fleet) return std::unexpected(Failure{ExitCode::Unreachable, fleet.error()});
  AdminAccess access{.instances = instances_of(*fleet, *hosts),
                     .token = *std::move(token),
                     .timeout = flags.timeout.value_or(kDefaultTimeout)};
  for (AdminInstance& instance : access.instances) {
    instance.tls = *tls;
    // An ack is another process's text: it must not lead the token past TLS.
    if (*tls && instance.fault.empty() && !instance.origin.tls) {
      instance.fault = fmt::format(
          "{} is not asked: {} is not https://, and --ca-file or "
          "--cert-file is given",
          printable(instance.name), instance.origin.to_string());
    }
  }
  if (!access.instances.empty()) return access;
  return std::unexpected(Failure{ExitCode::Unreachable, "the fleet has no instances"});
}

}  // namespace

namespace {

std::expected<AdminAccess, Failure> complete_admin_access(const ConnectionFlags& flags,
                                                          const Environment& environment) {
  const char* const etcd_flag = given_etcd_flag(flags);
  if (flags.reach == Reach::Admin && !flags.fleet && etcd_flag != nullptr) {
    return std::unexpected(usage(fmt::format("{} goes with --fleet only", etcd_flag)));
  }
  if (flags.fleet_hosts && !flags.fleet) {
    return std::unexpected(usage("--fleet-hosts goes with --fleet only"));
  }
  auto access = flags.fleet ? fleet_access(flags, environment) : given_access(flags, environment);
  if (!access || !flags.verbose) return access;
  for (const AdminInstance& instance : access->instances) {
    if (instance.fault.empty()) fmt::print(environment.err, "asks {}\n", instance.to_string());
  }
  return access;
}

}  // namespace

std::expected<EtcdAccess, Failure> etcd_access(const ConnectionFlags& given,
                                               const Environment& environment) {
  return with_complete(given, environment, [&](const ConnectionFlags& flags) {
    return complete_etcd_access(flags, environment);
  });
}

std::expected<AdminAccess, Failure> admin_access(const ConnectionFlags& given,
                                                 const Environment& environment) {
  return with_complete(given, environment, [&](const ConnectionFlags& flags) {
    return complete_admin_access(flags, environment);
  });
}

std::expected<AdminAccess, Failure> access_beside(const ConnectionFlags& given,
                                                  const Environment& environment) {
  auto complete = with_context(given, environment);
  if (!complete) return std::unexpected(std::move(complete).error());
  ConnectionFlags& flags = *complete;
  const auto etcd = uses_etcd(flags, environment);
  if (!etcd) return std::unexpected(etcd.error());
  if (!*etcd || flags.fleet) return admin_access(flags, environment);
  flags.fleet = true;
  auto access = admin_access(flags, environment);
  if (access) access->token.clear();
  return access;
}

Failure instances_missing(const std::vector<std::string>& errors, const Environment& environment) {
  if (errors.size() == 1) return {ExitCode::Unreachable, errors.front()};
  for (const std::string& error : errors) fmt::print(environment.err, "{}\n", printable(error));
  return {ExitCode::Unreachable, ""};
}

namespace {

std::expected<std::unique_ptr<DirectivePublisher>, Failure> complete_publisher(
    const ConnectionFlags& flags, const Environment& environment) {
  const auto etcd = uses_etcd(flags, environment);
  if (!etcd) return std::unexpected(etcd.error());
  if (*etcd) {
    const auto access = only_etcd(flags, environment);
    if (!access) return std::unexpected(access.error());
    return or_unreachable(environment.etcd.publisher(*access));
  }
  const auto access = only_admin(flags, environment);
  if (!access) return std::unexpected(access.error());
  if (access->instances.size() != 1) {
    return std::unexpected(
        usage("--admin: several instances can be asked, but only one written to: name one"));
  }
  return std::make_unique<AdminPublisher>(
      AdminClient(access->instances.front(), access->token, access->timeout));
}

std::expected<std::unique_ptr<FleetReader>, Failure> complete_fleet(
    const ConnectionFlags& flags, const Environment& environment) {
  const auto etcd = uses_etcd(flags, environment);
  if (!etcd) return std::unexpected(etcd.error());
  if (*etcd) {
    const auto access = only_etcd(flags, environment);
    if (!access) return std::unexpected(access.error());
    return or_unreachable(environment.etcd.fleet(*access));
  }
  auto access = only_admin(flags, environment);
  if (!access) return std::unexpected(std::move(access).error());
  return std::make_unique<AdminFleetReader>(*std::move(access));
}

std::expected<std::unique_ptr<HistoryReader>, Failure> complete_history(
    const ConnectionFlags& flags, const Environment& environment) {
  const auto etcd = uses_etcd(flags, environment);
  if (!etcd) return std::unexpected(etcd.error());
  if (*etcd) {
    const auto access = only_etcd(flags, environment);
    if (!access) return std::unexpected(access.error());
    return or_unreachable(environment.etcd.history(*access));
  }
  auto access = only_admin(flags, environment);
  if (!access) return std::unexpected(std::move(access).error());
  return std::make_unique<AdminHistoryReader>(*std::move(access));
}

}  // namespace

std::expected<std::unique_ptr<DirectivePublisher>, Failure> open_publisher(
    const ConnectionFlags& given, const Environment& environment) {
  return with_complete(given, environment, [&](const ConnectionFlags& flags) {
    return complete_publisher(flags, environment);
  });
}

std::expected<std::unique_ptr<FleetReader>, Failure> open_fleet(const ConnectionFlags& given,
                                                                const Environment& environment) {
  return with_complete(given, environment, [&](const ConnectionFlags& flags) {
    return complete_fleet(flags, environment);
  });
}

std::expected<std::unique_ptr<HistoryReader>, Failure> open_history(
    const ConnectionFlags& given, const Environment& environment) {
  return with_complete(given, environment, [&](const ConnectionFlags& flags) {
    return complete_history(flags, environment);
  });
}

}  // namespace osproxy::cli
