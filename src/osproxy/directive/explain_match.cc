#include "osproxy/directive/explain_match.h"

#include <utility>

#include "osproxy/core/agent_product.h"
#include "osproxy/core/hash.h"
#include "osproxy/directive/index_expression.h"
#include "osproxy/directive/record_budget.h"

namespace osproxy {
namespace {

bool differs(const std::optional<std::string>& target, std::string_view attribute) noexcept {
  return target && *target != attribute;
}

}  // namespace

std::string_view to_string(Mismatch mismatch) noexcept {
  switch (mismatch) {
    case Mismatch::Level:
      return "level_is_off";
    case Mismatch::Expired:
      return "expired";
    case Mismatch::Tenant:
      return "tenant_differs";
    case Mismatch::Index:
      return "index_differs";
    case Mismatch::Principal:
      return "principal_differs";
    case Mismatch::Endpoint:
      return "endpoint_differs";
    case Mismatch::Verified:
      return "principal_not_verified";
    case Mismatch::Client:
      return "client_differs";
    case Mismatch::Agent:
      return "agent_differs";
    case Mismatch::OpaqueId:
      return "opaque_id_differs";
    case Mismatch::Sample:
      return "out_of_sample";
    case Mismatch::Latency:
      return "too_fast";
    case Mismatch::Status:
      return "status_differs";
    case Mismatch::Shape:
      return "shape_differs";
    case Mismatch::FailedItems:
      return "too_few_failed_items";
    case Mismatch::MaxRecords:
      return "max_records_reached";
  }
  std::unreachable();
}

int sample_of(std::string_view request_id) noexcept {
  return static_cast<int>(fnv1a_64(request_id) % 1000);
}

std::vector<Mismatch> explain_match(const CompiledDirective& compiled, const Attributes& attributes,
                                    Now started, std::string_view request_id,
                                    const Outcome& outcome) {
  const Directive& directive = compiled.directive;
  const Target& target = directive.target;
  std::vector<Mismatch> found;
  const auto check = [&found](Mismatch mismatch, bool holds) {
    if (holds) found.push_back(mismatch);
  };
  check(Mismatch::Level, directive.level == Level::Off);
  check(Mismatch::Expired, compiled.life.is_over(started));
  check(Mismatch::Tenant, differs(target.tenant, attributes.tenant));
  check(Mismatch::Index, target.index && !index_expression_covers(attributes.index, *target.index));
  check(Mismatch::Principal, differs(target.principal, attributes.principal));
  check(Mismatch::Endpoint, target.endpoint && *target.endpoint != attributes.endpoint);
  check(Mismatch::Verified, target.principal_verified && !attributes.principal_verified);
  check(Mismatch::Client, target.client && (attributes.client.empty() ||
                                            !target.client->contains(attributes.client_address)));
  check(Mismatch::Agent, target.agent && !names_agent(*target.agent, attributes.agent));
  check(Mismatch::OpaqueId, differs(target.opaque_id, attributes.opaque_id));
  check(Mismatch::Sample, sample_of(request_id) >= directive.sample_per_mille);
  check(Mismatch::Latency, directive.min_latency && outcome.latency < *directive.min_latency);
  check(Mismatch::Status, directive.status && !directive.status->matches(outcome.status));
  check(Mismatch::Shape, directive.shape && directive.shape != outcome.shape);
  check(Mismatch::FailedItems,
        directive.min_failed_items && !(outcome.failed_items >= directive.min_failed_items));
  check(Mismatch::MaxRecords, !has_records_left(compiled, is_vouched_for(attributes, outcome)));
  return found;
}

}  // namespace osproxy
