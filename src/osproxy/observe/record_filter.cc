#include "osproxy/observe/record_filter.h"

#include <algorithm>

#include "osproxy/core/agent_product.h"
#include "osproxy/core/cidr.h"
#include "osproxy/directive/index_expression.h"

namespace osproxy {
namespace {

bool equal_or_absent(const std::optional<std::string>& wanted, const std::string& there) noexcept {
  return !wanted || *wanted == there;
}

bool is_from(const Cidr& block, const std::string& client) {
  const auto address = IpAddress::parse(client);
  return address && block.contains(*address);
}

}  // namespace

bool RecordFilter::matches(const Record& record) const noexcept {
  return (tenants.empty() || std::ranges::binary_search(tenants, record.tenant)) &&
         (!directive ||
          std::ranges::find(record.directives, *directive) != record.directives.end()) &&
         equal_or_absent(target.tenant, record.tenant) &&
         equal_or_absent(target.principal, record.principal) &&
         (!target.endpoint || *target.endpoint == record.endpoint) &&
         (!target.principal_verified || record.principal_verified) &&
         (!target.client || is_from(*target.client, record.client)) &&
         (!target.agent || names_agent(*target.agent, record.agent)) &&
         equal_or_absent(target.opaque_id, record.opaque_id) &&
         (!target.index || index_expression_covers(record.index, *target.index));
}

bool RecordFilter::judges(const Record& record) const noexcept {
  return (!status || status->matches(record.status)) && (!slower || record.latency >= *slower);
}

bool RecordFilter::passes(const Record& record) const noexcept {
  return matches(record) && judges(record);
}

}  // namespace osproxy
