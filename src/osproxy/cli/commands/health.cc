// osproxyctl health
#include <memory>
#include <string>
#include <vector>

#include <fmt/ostream.h>

#include "osproxy/cli/admin/admin_client.h"
#include "osproxy/cli/admin/admin_response.h"
#include "osproxy/cli/commands/commands.h"
#include "osproxy/cli/connection/connection.h"
#include "osproxy/cli/flags/flags.h"

namespace osproxy::cli {
namespace {

constexpr int kOk = 200;
constexpr int kNotReady = 503;

constexpr char kExamples[] = R"(Examples:
  osproxyctl health
  osproxyctl health --live
  osproxyctl health --admin https://127.0.0.1:9901 --ca-file ca.pem

It needs no token. Exit codes: 0 ready, 1 not ready, 5 not reachable.)";

struct Flags {
  ConnectionFlags connection;
  bool live = false;
};

std::expected<void, Failure> health(const Flags& flags, Environment& environment) {
  auto access = admin_access(flags.connection, environment);
  if (!access) return std::unexpected(access.error());
  access->token.clear();  // a probe's request carries no secret
  const std::vector<AdminResult> responses =
      get_from_all(*access, flags.live ? "/healthz" : "/readyz");
  std::vector<std::string> missing;
  bool ready = true;
  for (std::size_t i = 0; i < responses.size(); ++i) {
    const AdminInstance& instance = access->instances[i];
    if (const AdminResult& response = responses[i]; !response) {
      missing.push_back(response.error());
    } else if (response->status == kOk) {
      fmt::print(environment.out, "{}: {}\n", instance.to_string(), flags.live ? "live" : "ready");
    } else if (response->status == kNotReady) {
      ready = false;
      fmt::print(environment.err, "{}: not ready: {}\n", instance.to_string(),
                 error_of(*response).reason);
    } else {
      missing.push_back(describe_refusal(instance, *response));
    }
  }
  if (!missing.empty()) return std::unexpected(instances_missing(missing, environment));
  if (!ready) return std::unexpected(Failure{ExitCode::Failed, ""});
  return {};
}

}  // namespace

Action add_health(CLI::App& app) {
  const auto flags = std::make_shared<Flags>();
  add_switch(app, "--live", flags->live,
             "Live is enough: an instance that stops is live, not ready");
  add_connection(app, flags->connection, Reach::Admin);
  set_examples(app, kExamples);
  return [flags](Environment& environment) { return health(*flags, environment); };
}

}  // namespace osproxy::cli
