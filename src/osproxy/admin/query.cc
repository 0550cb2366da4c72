#include "osproxy/admin/query.h"

#include <algorithm>
#include <iterator>

#include "osproxy/core/agent_product.h"
#include "osproxy/core/cidr.h"
#include "osproxy/core/duration.h"
#include "osproxy/core/encoding.h"

namespace osproxy::admin {
namespace {

Response bad_filter(std::string reason) { return error_response(400, "bad_filter", reason); }

// `opaque-id`, as osproxyctl's flags have it, is `opaque_id`.
bool is_named(const Parameter& parameter, std::string_view name) noexcept {
  return std::ranges::equal(parameter.name, name,
                            [](char a, char b) { return a == b || (a == '_' && b == '-'); });
}

// Does not repeat an unknown name: the client may have sent anything.
Response unknown_filter(std::size_t position, const std::vector<Parameter>& parameters) {
  std::string reason =
      "filter " + std::to_string(position) + " of the query is unknown or malformed; there are";
  for (const Parameter& parameter : parameters) {
    reason.append(" ").append(parameter.name).append("=");
  }
  return bad_filter(std::move(reason));
}

bool set_text(std::optional<std::string>& into, std::string text) {
  if (text.empty()) return false;
  into = std::move(text);
  return true;
}

std::optional<Cidr> block_of(std::string_view text) {
  const auto block = parse_cidr(text);
  return block ? std::optional(*block) : std::nullopt;
}

}  // namespace

std::expected<void, Response> read_query(std::string_view query,
                                         const std::vector<Parameter>& parameters) {
  std::vector<bool> seen(parameters.size());
  for (std::size_t position = 1; !query.empty(); ++position) {
    const std::string_view text = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(text.size() + 1, query.size()));
    const std::size_t equals = text.find('=');
    const auto parameter = std::ranges::find_if(
        parameters, [&](const Parameter& one) { return is_named(one, text.substr(0, equals)); });
    if (equals == text.npos || parameter == parameters.end()) {
      return std::unexpected(unknown_filter(position, parameters));
    }
    const std::string name(parameter->name);
    const auto place = static_cast<std::size_t>(parameter - parameters.begin());
    if (seen[place]) return std::unexpected(bad_filter(name + " is given twice"));
    seen[place] = true;
    auto value = percent_decode(text.substr(equals + 1));
    if (!value || !parameter->store(*std::move(value))) {
      return std::unexpected(bad_filter(name + " must be " + std::string(parameter->rule)));
    }
  }
  return {};
}

std::vector<Parameter> target_parameters(Target& into) {
  return {
      {"tenant", "the name of a tenant",
       [&](std::string v) { return set_text(into.tenant, std::move(v)); }},
      {"index", "the name of an index",
       [&](std::string v) { return set_text(into.index, std::move(v)); }},
      {"principal", "the name of a principal",
       [&](std::string v) { return set_text(into.principal, std::move(v)); }},
      {"client", "an IP address or a block, as in 10.0.0.0/8",
       [&](const std::string& v) { return set(into.client, block_of(v)); }},
      {"agent", "a product of User-Agent, as in curl or curl/8.0",
       [&](std::string v) { return is_agent_product(v) && set_text(into.agent, std::move(v)); }},
      {"opaque_id", "an X-Opaque-Id",
       [&](std::string v) { return set_text(into.opaque_id, std::move(v)); }},
      {"endpoint", "one of the twelve endpoints, as in Search",
       [&](const std::string& v) { return set(into.endpoint, parse_endpoint(v)); }},
  };
}

Parameter slower_parameter(std::optional<std::chrono::milliseconds>& into) {
  return {"slower", "a duration, as in 250ms, 1s or 1m30s",
          [&](const std::string& v) { return set(into, parse_duration(v)); }};
}

std::vector<Parameter> filter_parameters(RecordFilter& into) {
  std::vector<Parameter> parameters{{"directive", "the id of a directive", [&](std::string v) {
                                       return set_text(into.directive, std::move(v));
                                     }}};
  std::ranges::move(target_parameters(into.target), std::back_inserter(parameters));
  parameters.push_back({"status", "a class or a code, as in 5xx or 429", [&](const std::string& v) {
                          return set(into.status, StatusFilter::parse(v));
                        }});
  parameters.push_back(slower_parameter(into.slower));
  return parameters;
}

}  // namespace osproxy::admin
