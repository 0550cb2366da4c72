#include "osproxy/admin/refusals.h"

#include <string>

#include "osproxy/observe/metrics.h"

namespace osproxy::admin {

std::string_view to_string(Refusal reason) noexcept {
  switch (reason) {
    case Refusal::NoToken:
      return "no_token";
    case Refusal::BadToken:
      return "bad_token";
    case Refusal::BadCertificate:
      return "bad_certificate";
    case Refusal::TooManyFailures:
      return "too_many_failures";
    case Refusal::Role:
      return "role";
    case Refusal::Tenant:
      return "tenant";
    case Refusal::Host:
      return "host";
    case Refusal::Origin:
      return "origin";
  }
  std::unreachable();
}

void Refusals::add(const RefusedRequest& refused) {
  counts_[static_cast<std::size_t>(refused.reason)].fetch_add(1, std::memory_order_relaxed);
  if (tell_) tell_(refused);
}

std::uint64_t Refusals::count(Refusal reason) const noexcept {
  return counts_[static_cast<std::size_t>(reason)].load(std::memory_order_relaxed);
}

std::vector<prometheus::MetricFamily> Refusals::Collect() const {
  auto family = metric_family("osproxy_admin_refusals_total",
                              "Requests to the admin listener that were refused, by reason.",
                              prometheus::MetricType::Counter);
  for (std::size_t i = 0; i < kRefusalCount; ++i) {
    const auto reason = static_cast<Refusal>(i);
    add_counter(family, static_cast<double>(count(reason)),
                {{.name = "reason", .value = std::string(to_string(reason))}});
  }
  return {family};
}

}  // namespace osproxy::admin
