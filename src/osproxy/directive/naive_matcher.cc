#include "osproxy/directive/naive_matcher.h"

#include <algorithm>

#include "osproxy/core/hash.h"
#include "osproxy/directive/index_expression.h"

namespace osproxy {
namespace {

bool equal_or_absent(const std::optional<std::string>& target, std::string_view attribute) {
  return !target || *target == attribute;
}

bool covers(const Cidr& block, const Attributes& attributes) {
  return !attributes.client.empty() && block.contains(attributes.client_address);
}

/// Without a version, any version of the product.
bool names(const std::string& agent, std::string_view product) {
  if (agent == product) return true;
  return product.starts_with(agent + "/") && !agent.contains('/');
}

}  // namespace

bool targets(const Target& target, const Attributes& attributes) noexcept {
  return equal_or_absent(target.tenant, attributes.tenant) &&
         equal_or_absent(target.principal, attributes.principal) &&
         (!target.endpoint || *target.endpoint == attributes.endpoint) &&
         (!target.principal_verified || attributes.principal_verified) &&
         (!target.client || covers(*target.client, attributes)) &&
         (!target.agent || names(*target.agent, attributes.agent)) &&
         equal_or_absent(target.opaque_id, attributes.opaque_id) &&
         (!target.index || index_expression_covers(attributes.index, *target.index));
}

namespace {

bool applies(const CompiledDirective& compiled, const Attributes& attributes, Now now,
             std::string_view request_id) {
  const Directive& directive = compiled.directive;
  const std::uint64_t recorded = compiled.usage->recorded.load(std::memory_order_relaxed);
  return !compiled.life.is_over(now) && targets(directive.target, attributes) &&
         (!directive.max_records || recorded < *directive.max_records) &&
         fnv1a_64(request_id) % 1000 < static_cast<std::uint64_t>(directive.sample_per_mille);
}

/// Without a budget, a directive is thinned out only if the instance's leaves it nothing.
bool is_closed(const CompiledDirective& compiled) {
  return compiled.usage->thinning.cap() == Thinning::kClosed;
}

}  // namespace

Verdict naive_match(std::span<const CompiledDirective> directives, const Attributes& attributes,
                    Now now, std::string_view request_id) noexcept {
  Verdict verdict;
  for (std::size_t i = 0; i < directives.size(); ++i) {
    if (!applies(directives[i], attributes, now, request_id)) continue;
    const Directive& directive = directives[i].directive;
    if (directive.level != Level::Off && is_closed(directives[i])) {
      ++verdict.refused_count;
      continue;
    }
    verdict.level = std::max(verdict.level, directive.level);
    if (directive.level != Level::Off) {
      verdict.ring_buffer = verdict.ring_buffer || directive.ring_buffer;
      verdict.capture = verdict.capture || directive.capture;
    }
    verdict.undecided = verdict.undecided || directive.min_latency || directive.status ||
                        directive.shape || directive.min_failed_items;
    verdict.reads_shape = verdict.reads_shape || directive.shape;
    if (verdict.matched_count < Verdict::kMaxNamed) {
      verdict.matched[verdict.matched_count] = static_cast<std::uint32_t>(i);
    }
    ++verdict.matched_count;
  }
  return verdict;
}

}  // namespace osproxy
