#include "osproxy/observe/running_request.h"

#include <algorithm>
#include <iterator>

#include "osproxy/directive/naive_matcher.h"

namespace osproxy {

bool RunningQuery::passes(const Attributes& attributes,
                          std::chrono::nanoseconds age) const noexcept {
  return (!slower || age >= *slower) &&
         (tenants.empty() || std::ranges::binary_search(tenants, attributes.tenant)) &&
         targets(target, attributes);
}

std::size_t bytes_of(const RunningRequest& request) noexcept {
  return request.request_id.size() + request.index.size() + request.tenant.size() +
         request.principal.size() + request.client.size() + request.agent.size() +
         request.opaque_id.size() + request.node.size();
}

RunningRequests joined(std::vector<RunningRequests> parts, std::size_t limit) {
  RunningRequests all;
  for (RunningRequests& part : parts) {
    all.running += part.running;
    all.matched += part.matched;
    std::ranges::move(part.requests, std::back_inserter(all.requests));
    std::ranges::move(part.silent_workers, std::back_inserter(all.silent_workers));
  }
  std::ranges::stable_sort(all.requests, std::ranges::greater(), &RunningRequest::age);
  if (all.requests.size() > limit) all.requests.resize(limit);
  return all;
}

}  // namespace osproxy
