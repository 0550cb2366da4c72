// osproxyctl version
#include "osproxy/core/version.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <fmt/ostream.h>

#include "osproxy/cli/admin/admin_client.h"
#include "osproxy/cli/admin/admin_response.h"
#include "osproxy/cli/commands/commands.h"
#include "osproxy/cli/connection/connection.h"
#include "osproxy/cli/connection/contexts.h"
#include "osproxy/cli/flags/flags.h"
#include "osproxy/cli/print/text.h"
#include "osproxy/core/json_writer.h"

namespace osproxy::cli {
namespace {

struct Flags {
  ConnectionFlags connection;
  Output output = Output::Text;
  bool client_only = false;
};

constexpr char kExamples[] = R"(Examples:
  osproxyctl version
  osproxyctl version --client
  osproxyctl version --fleet --endpoints 127.0.0.1:2379

Exit codes: 0 done, 5 some instance is not reachable.)";

// One instance: its version, or why it is not known.
struct Server {
  AdminInstance address;
  std::string instance{};
  std::string version{};
  std::string error{};
};

Server read_server(const AdminInstance& address, const AdminResult& response) {
  Server server{.address = address};
  if (!response) {
    server.error = response.error();
  } else if (const auto status = parse_status(response->body); response->status == 200 && status) {
    server.instance = status->instance;
    server.version = status->version;
  } else {
    server.error = describe_refusal(address, *response);
  }
  return server;
}

void print_text(const std::vector<Server>& servers, std::ostream& out) {
  std::vector<std::vector<std::string>> rows{{"osproxyctl", kVersion, ""}};
  for (const Server& server : servers) {
    if (!server.error.empty()) continue;
    rows.push_back({server.instance, server.version, server.address.url()});
  }
  fmt::print(out, "{}", format_table(rows));
}

void print_json(const std::vector<Server>& servers, std::ostream& out) {
  JsonWriter json;
  json.begin_object().field("osproxyctl", kVersion).key("instances").begin_array();
  for (const Server& server : servers) {
    json.begin_object().field_or_null("admin", server.address.url());
    json.field_or_null("instance", server.instance).field_or_null("version", server.version);
    json.field_or_null("error", server.error).end_object();
  }
  json.end_array().end_object();
  fmt::print(out, "{}\n", std::move(json).take());
}

std::expected<void, Failure> version(const Flags& flags, Environment& environment) {
  std::vector<Server> servers;
  if (!flags.client_only) {
    const auto access = admin_access(flags.connection, environment);
    if (access) {
      const std::vector<AdminResult> responses = get_from_all(*access, "/admin/status");
      for (std::size_t i = 0; i < responses.size(); ++i) {
        servers.push_back(read_server(access->instances[i], responses[i]));
      }
    } else if (flags.connection.context || read_contexts(environment)) {
      return std::unexpected(access.error());
    } else {
      // A broken file of contexts does not hide the version of osproxyctl.
      fmt::print(environment.err, "osproxyctl version: {}; no instance was asked\n",
                 printable(access.error().message));
    }
  }
  if (flags.output == Output::Json) {
    print_json(servers, environment.out);
  } else {
    print_text(servers, environment.out);
  }
  std::vector<std::string> errors;
  for (const Server& server : servers) {
    if (!server.error.empty()) errors.push_back(server.error);
  }
  if (errors.empty()) return {};
  return std::unexpected(instances_missing(errors, environment));
}

}  // namespace

Action add_version(CLI::App& app) {
  const auto flags = std::make_shared<Flags>();
  add_switch(app, "--client", flags->client_only, "Only the version of osproxyctl");
  add_output(app, flags->output);
  add_connection(app, flags->connection, Reach::Admin);
  set_examples(app, kExamples);
  return [flags](Environment& environment) { return version(*flags, environment); };
}

}  // namespace osproxy::cli
