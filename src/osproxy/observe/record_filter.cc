#include "osproxy/observe/record_filter.h"

#include <algorithm>

#include "osproxy/directive/index_expression.h"

namespace osproxy {
namespace {

bool equal_or_absent(const std::optional<std::string>& wanted, const std::string& there) noexcept {
  return !wanted || *wanted == there;
}

}  // namespace

bool RecordFilter::matches(const Record& record) const noexcept {
  return (!directive ||
          std::ranges::find(record.directives, *directive) != record.directives.end()) &&
         equal_or_absent(target.tenant, record.tenant) &&
         equal_or_absent(target.principal, record.principal) &&
         (!target.endpoint || *target.endpoint == record.endpoint) &&
         (!target.principal_verified || record.principal_verified) &&
         (!target.index || index_expression_covers(record.index, *target.index));
}

bool RecordFilter::passes(const Record& record) const noexcept {
  return matches(record) && (!status || status->matches(record.status)) &&
         (!slower || record.latency >= *slower);
}

}  // namespace osproxy
