// osproxyctl explain ID
#include <memory>
#include <utility>

#include <fmt/ostream.h>

#include "osproxy/cli/admin/admin_client.h"
#include "osproxy/cli/admin/admin_response.h"
#include "osproxy/cli/commands/commands.h"
#include "osproxy/cli/connection/connection.h"
#include "osproxy/cli/flags/flags.h"
#include "osproxy/cli/print/body_text.h"
#include "osproxy/cli/print/text.h"
#include "osproxy/core/visible_text.h"

namespace osproxy::cli {
namespace {

struct Flags {
  ConnectionFlags connection;
  Output output = Output::Text;
  std::string request_id;
};

constexpr char kExamples[] = R"(Examples:
  osproxyctl explain 4bf92f3577b34da6a3ce929d0e0e4736
  osproxyctl explain 4bf92f3577b34da6a3ce929d0e0e4736 --admin http://proxy-1:9901,http://proxy-2:9901
  osproxyctl explain my-request-1 --output json | jq .times

Each response has its request id in the header X-Request-Id. The record is on the instance that
served the request; all given instances are asked. Clients may reuse an id: all records with it are
shown, first those whose principal is verified or that OpenSearch accepted.

Exit codes: 0 found, 5 not found, and some instance is not reachable, 6 no instance has a record.)";

// The responses of all instances together.
struct Search {
  std::vector<std::pair<std::string, FlatObject>> records;  // each with its instance
  std::vector<std::string> asked;
  std::vector<std::string> errors;
};

void take_response(Search& search, const AdminInstance& instance, const AdminResult& response) {
  if (!response) {
    search.errors.push_back(response.error());
    return;
  }
  search.asked.push_back(instance.to_string());
  if (error_of(*response).type == "not_found") return;
  auto records =
      response->status == 200 ? flatten_records(response->body) : std::vector<FlatObject>{};
  if (records.empty()) search.errors.push_back(describe_refusal(instance, *response));
  for (FlatObject& record : records) {
    search.records.emplace_back(instance.to_string(), std::move(record));
  }
}

void print_text(const Search& search, std::ostream& out) {
  for (std::size_t i = 0; i < search.records.size(); ++i) {
    const auto& [instance, record] = search.records[i];
    if (i > 0) fmt::print(out, "\nanother request with this id:\n");
    std::vector<std::vector<std::string>> rows{{"instance", instance}};
    for (const auto& [name, value] : record.fields) rows.push_back({name, value});
    fmt::print(out, "{}{}", format_table(rows), items_text(record.json) + body_text(record.json));
  }
}

std::string to_json(const Search& search) {
  std::vector<std::string> records;
  records.reserve(search.records.size());
  for (const auto& [instance, record] : search.records) records.push_back(record.json);
  return join_records(records);
}

Failure not_found(const Search& search, const std::string& request_id) {
  if (!search.errors.empty()) {
    return {ExitCode::Unreachable,
            fmt::format("no record of {} found, but not every instance could be asked: {}",
                        request_id, fmt::join(search.errors, "; "))};
  }
  return {ExitCode::NotFound,
          fmt::format("no record of {} on {}: no directive selected it, it was served by another "
                      "instance, or newer records have replaced it",
                      request_id, join(search.asked))};
}

std::expected<void, Failure> explain(const Flags& flags, Environment& environment) {
  const auto access = admin_access(flags.connection, environment);
  if (!access) return std::unexpected(access.error());
  const auto responses =
      get_from_all(*access, "/debug/explain/" + flags.request_id + "?recorder=true");
  Search search;
  for (std::size_t i = 0; i < responses.size(); ++i) {
    take_response(search, access->instances[i], responses[i]);
  }
  if (search.records.empty()) return std::unexpected(not_found(search, flags.request_id));
  if (flags.output == Output::Json) {
    fmt::print(environment.out, "{}\n", visible_json(to_json(search)));
  } else {
    print_text(search, environment.out);
  }
  return {};
}

}  // namespace

Action add_explain(CLI::App& app) {
  const auto flags = std::make_shared<Flags>();
  add_request_id(app, flags->request_id);
  add_output(app, flags->output);
  add_connection(app, flags->connection, Reach::Admin);
  set_examples(app, kExamples);
  return [flags](Environment& environment) { return explain(*flags, environment); };
}

}  // namespace osproxy::cli
