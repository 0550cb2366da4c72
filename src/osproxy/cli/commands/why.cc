// osproxyctl why ID
#include <memory>
#include <utility>

#include <CLI/CLI.hpp>
#include <fmt/ostream.h>
#include <simdjson.h>

#include "osproxy/cli/admin/admin_client.h"
#include "osproxy/cli/admin/admin_response.h"
#include "osproxy/cli/commands/commands.h"
#include "osproxy/cli/connection/connection.h"
#include "osproxy/cli/flags/flags.h"
#include "osproxy/cli/print/text.h"

namespace osproxy::cli {
namespace {

namespace dom = simdjson::dom;

struct Flags {
  ConnectionFlags connection;
  Output output = Output::Text;
  std::string request_id;
};

constexpr char kExamples[] = R"(Examples:
  osproxyctl why 4bf92f3577b34da6a3ce929d0e0e4736
  osproxyctl why my-request-1 --admin http://proxy-1:9901,http://proxy-2:9901

Says of each directive whether it recorded the request, and if not, all that kept it from that. The
instance that served the request remembers it for a while; all that are named are asked.

Exit codes: 0 an instance has seen the request, recorded or not, 5 none has, but some instance is not
reachable, 6 no instance has seen it.)";

std::string text_of(dom::element object, std::string_view key) {
  std::string_view text;
  return object[key].get(text) == simdjson::SUCCESS ? printable(text) : std::string();
}

std::string reasons_of(dom::element directive) {
  std::vector<std::string> texts;
  dom::array reasons;
  if (directive["reasons"].get(reasons) == simdjson::SUCCESS) {
    for (const dom::element reason : reasons) texts.push_back(text_of(reason, "text"));
  }
  return fmt::format("{}", fmt::join(texts, "; "));
}

// A line for each directive; nullopt if `body` is no response of ours.
std::optional<std::string> describe(std::string_view body) {
  dom::parser parser;
  dom::element root;
  bool recorded = false;
  dom::array directives;
  if (parser.parse(body.data(), body.size()).get(root) != simdjson::SUCCESS ||
      root["recorded"].get(recorded) != simdjson::SUCCESS ||
      root["directives"].get(directives) != simdjson::SUCCESS) {
    return std::nullopt;
  }
  std::string text;
  if (text_of(root, "judged_by") == "current_set") {
    text =
        fmt::format("{}; the directives have changed since, so this is what they would do now:\n",
                    recorded ? "recorded" : "not recorded");
  }
  bool is_cut = false;
  if (root["cut"].get(is_cut) == simdjson::SUCCESS && is_cut) {
    text +=
        "the request's names are too long to be remembered whole: a target may differ only so\n";
  }
  for (const dom::element directive : directives) {
    bool by_this = false;
    if (directive["recorded"].get(by_this) == simdjson::SUCCESS && by_this) {
      text += fmt::format("recorded: {}\n", text_of(directive, "id"));
    } else {
      text +=
          fmt::format("not recorded: {}: {}\n", text_of(directive, "id"), reasons_of(directive));
    }
  }
  std::uint64_t left_out = 0;
  if (root["left_out"].get(left_out) == simdjson::SUCCESS && left_out > 0) {
    text += fmt::format("and {} directives more\n", left_out);
  }
  return text;
}

std::expected<void, Failure> print(const std::string& body, const std::string& text, Output output,
                                   std::ostream& out) {
  fmt::print(out, "{}", output == Output::Json ? body + "\n" : text);
  return {};
}

std::expected<void, Failure> why(const Flags& flags, Environment& environment) {
  const auto access = admin_access(flags.connection, environment);
  if (!access) return std::unexpected(access.error());
  const auto responses = get_from_all(*access, "/admin/why/" + flags.request_id);
  std::vector<std::string> errors;
  for (std::size_t i = 0; i < responses.size(); ++i) {
    const AdminResult& response = responses[i];
    if (!response) {
      errors.push_back(response.error());
      continue;
    }
    const auto text = response->status == 200 ? describe(response->body) : std::nullopt;
    if (text) return print(response->body, *text, flags.output, environment.out);
    if (error_of(*response).type != "not_found") {
      errors.push_back(describe_refusal(access->instances[i], *response));
    }
  }
  if (!errors.empty()) {
    return std::unexpected(
        Failure{ExitCode::Unreachable,
                fmt::format("{} was not seen, but not every instance could be asked: {}",
                            flags.request_id, fmt::join(errors, "; "))});
  }
  return std::unexpected(Failure{
      ExitCode::NotFound,
      fmt::format("{} was not seen: another instance served it, it has not ended yet, newer "
                  "requests have replaced it, or no directive was in force",
                  flags.request_id)});
}

}  // namespace

Action add_why(CLI::App& app) {
  const auto flags = std::make_shared<Flags>();
  add_request_id(app, flags->request_id);
  add_output(app, flags->output);
  add_connection(app, flags->connection, Reach::Admin);
  app.footer(kExamples);
  return [flags](Environment& environment) { return why(*flags, environment); };
}

}  // namespace osproxy::cli
