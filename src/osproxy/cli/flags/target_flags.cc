#include "osproxy/cli/flags/target_flags.h"

#include "osproxy/core/agent_product.h"
#include "osproxy/core/cidr.h"

namespace osproxy::cli {
namespace {

constexpr std::size_t kMaxTargetBytes = 4096;  // longer than any name OpenSearch allows

std::expected<void, std::string> read_endpoint(const std::string& text, Target& into) {
  into.endpoint = parse_endpoint(text);
  if (into.endpoint) return {};
  return std::unexpected("must be one of: " + names<Endpoint>(kEndpointCount) +
                         " (etcd's servers are given by --endpoints)");
}

std::expected<void, std::string> read_client(const std::string& text, Target& into) {
  const auto block = parse_cidr(text);
  if (!block) return std::unexpected(block.error());
  into.client = *block;
  return {};
}

std::expected<void, std::string> read_agent(const std::string& text, Target& into) {
  if (!is_agent_product(text)) {
    return std::unexpected("must be a product as User-Agent names it, such as curl or curl/8.0");
  }
  into.agent = text;
  return {};
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
  add_value(app, "--client", "ADDRESS", "Requests from this address or block: 10.0.0.0/8",
            [&target](const std::string& text) { return read_client(text, target); })
      .group("Target");
  add_value(app, "--agent", "PRODUCT",
            "Requests of this product, by User-Agent: opensearch-py, or one version of it",
            [&target](const std::string& text) { return read_agent(text, target); })
      .group("Target");
  add_value(app, "--opaque-id", "ID", "Requests with this X-Opaque-Id",
            text_reader(target.opaque_id, kMaxTargetBytes))
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
