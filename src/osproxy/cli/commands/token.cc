// osproxyctl token
#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include <fmt/ostream.h>
#include <sys/random.h>

#include "osproxy/cli/commands/commands.h"
#include "osproxy/cli/flags/flags.h"
#include "osproxy/core/attribute_text.h"
#include "osproxy/core/encoding.h"
#include "osproxy/core/json_writer.h"
#include "osproxy/identify/admin_roles.h"

namespace osproxy::cli {
namespace {

struct Flags {
  std::string name;
  std::optional<Role> role;
  std::vector<std::string> tenants;
  Output output = Output::Text;
};

constexpr std::size_t kTokenBytes = 32;  // nobody guesses 256 random bits

constexpr char kExamples[] = R"(Examples:
  osproxyctl token new ana --role operator
  osproxyctl token new acme-ops --role operator --tenant acme --tenant acme-eu
  osproxyctl token new ana --role viewer --output json | jq -r .line >> admin-tokens

It prints the token, and the line for the file of osproxy's --admin-tokens-file, which holds only the
token's SHA-256. The token is shown once. This command sends nothing and writes no file.

Exit codes: 0 made, 1 the system has no random numbers, 2 wrong usage.)";

std::expected<std::string, Failure> make_token() {
  std::array<char, kTokenBytes> bytes{};
  if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) {
    return std::unexpected(
        Failure{ExitCode::Failed, fmt::format("no random numbers: {}", std::strerror(errno))});
  }
  return to_hex({bytes.data(), bytes.size()});
}

std::expected<void, Failure> check(const Flags& flags) {
  if (!is_caller_name(flags.name)) {
    return std::unexpected(Failure{
        ExitCode::Usage, "NAME: must be 1 to 64 visible ASCII characters without #, % and ="});
  }
  for (const std::string& tenant : flags.tenants) {
    if (!tenant.empty() && is_clean_attribute(tenant)) continue;
    return std::unexpected(
        Failure{ExitCode::Usage, "--tenant: is empty, too long or has control characters"});
  }
  return {};
}

std::expected<void, Failure> run_new(const Flags& flags, Environment& environment) {
  if (auto checked = check(flags); !checked) return checked;
  const auto token = make_token();
  if (!token) return std::unexpected(token.error());
  const Caller caller{.name = flags.name, .role = *flags.role, .tenants = flags.tenants};
  const std::string line = format_role_line(caller, *token);
  if (flags.output == Output::Json) {
    JsonWriter json;
    json.begin_object().field("token", *token).field("line", line).end_object();
    fmt::print(environment.out, "{}\n", std::move(json).take());
    return {};
  }
  fmt::print(environment.out,
             "token, for {}, shown once:\n  {}\n"
             "line, for the file of --admin-tokens-file:\n  {}\n",
             flags.name, *token, line);
  return {};
}

}  // namespace

Action add_token(CLI::App& app) {
  const auto flags = std::make_shared<Flags>();
  require_subcommand(app);
  set_examples(app, kExamples);
  CLI::App& of_new = add_subcommand(app, "new", "Make a token, and the line that admits it");
  add_argument(of_new, "NAME", flags->name, "Name of its holder; history shows it").required();
  add_value(of_new, "--role", "ROLE", "Right of its holder: viewer, operator or admin",
            [flags](const std::string& text) -> std::expected<void, std::string> {
              flags->role = parse_role(text);
              if (!flags->role) return std::unexpected("must be one of: viewer operator admin");
              return {};
            })
      .required();
  add_values(of_new, "--tenant", "TENANT", "Bind them to this tenant; may be given repeatedly",
             flags->tenants);
  add_output(of_new, flags->output);
  return [flags](Environment& environment) { return run_new(*flags, environment); };
}

}  // namespace osproxy::cli
