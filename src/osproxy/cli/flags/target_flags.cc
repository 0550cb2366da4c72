#include "osproxy/cli/flags/target_flags.h"

#include <CLI/CLI.hpp>

namespace osproxy::cli {
namespace {

constexpr std::size_t kMaxTargetBytes = 4096;  // longer than any name OpenSearch allows

std::expected<void, std::string> read_endpoint(const std::string& text, Target& into) {
  into.endpoint = parse_endpoint(text);
  if (into.endpoint) return {};
  return std::unexpected("must be one of: " + names<Endpoint>(kEndpointCount) +
                         " (etcd's servers are given by --endpoints)");
}

}  // namespace

void add_target(CLI::App& app, Target& target) {
  add_value(app, "--tenant", "NAME", "Requests of this tenant",
            text_reader(target.tenant, kMaxTargetBytes))
      .group("Target");
  add_value(app, "--index", "NAME", "Requests to this index",
            text_reader(target.index, kMaxTargetBytes))
      .group("Target");
  add_value(app, "--principal", "NAME", "Requests of this principal",
            text_reader(target.principal, kMaxTargetBytes))
      .group("Target");
  add_value(app, "--endpoint", "KIND", "Requests of this kind: " + names<Endpoint>(kEndpointCount),
            [&target](const std::string& text) { return read_endpoint(text, target); })
      .group("Target");
}

Reader status_reader(std::optional<StatusFilter>& into) {
  return [&into](const std::string& text) -> std::expected<void, std::string> {
    into = StatusFilter::parse(text);
    if (into) return {};
    return std::unexpected("must be a class or a code of HTTP, such as 5xx or 429");
  };
}

}  // namespace osproxy::cli
