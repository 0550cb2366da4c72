// GET /admin/why/{id}: why a request was recorded or why not, directive by directive.
#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "osproxy/admin/handlers.h"
#include "osproxy/admin/visible_directives.h"
#include "osproxy/core/duration.h"
#include "osproxy/core/encoding.h"
#include "osproxy/core/rfc3339.h"
#include "osproxy/directive/explain_match.h"
#include "osproxy/directive/why_report.h"

namespace osproxy::admin {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

// A report names the first ones of the document: some hundred kilobytes of JSON, which the admin
// thread makes. The reports of other requests with the same id share as many.
constexpr std::size_t kMaxDirectives = 1'000;

constexpr char kNotSeen[] =
    "not seen here: another instance served it, it has not ended yet, newer requests have replaced "
    "it, or no directive was in force";

std::string its(std::string_view what, std::string_view value) {
  std::string text(what);
  return value.empty() ? text.append(" differs: the request has none")
                       : text.append(" differs: the request's is ").append(value);
}

std::string describe(Mismatch mismatch, const CompiledDirective& compiled,
                     const RememberedRequest& request) {
  const Directive& directive = compiled.directive;
  switch (mismatch) {
    case Mismatch::Level:
      return "its level is Off";
    case Mismatch::Expired: {
      const WallTime end = compiled.life.end_as_seen(request.started);
      return "expired at " + format_rfc3339(std::chrono::floor<milliseconds>(end));
    }
    case Mismatch::Tenant:
      return its("tenant", request.tenant);
    case Mismatch::Index:
      return request.index.empty()
                 ? "index differs: the request names none in its path or in ?index=, nor in a body "
                   "that was read; of a scroll or a point in time no index is known"
                 : its("index", request.index);
    case Mismatch::Principal:
      return its("principal", request.principal);
    case Mismatch::Client:
      return its("client", request.client);
    case Mismatch::Agent:
      return its("agent", request.agent);
    case Mismatch::OpaqueId:
      return its("opaque id", request.opaque_id);
    case Mismatch::Endpoint:
      return its("endpoint", to_string(request.endpoint));
    case Mismatch::Verified:
      return "the principal is only claimed, and not verified";
    case Mismatch::Sample:
      return "out of sample: " + std::to_string(sample_of(request.request_id)) +
             " of 1000, sampled below " + std::to_string(directive.sample_per_mille);
    case Mismatch::Latency:
      return "faster than " + format_duration(*directive.min_latency) + ": " +
             std::to_string(std::chrono::floor<milliseconds>(request.outcome.latency).count()) +
             "ms";
    case Mismatch::Status:
      return "status is not " + directive.status->to_string() + ": " +
             (request.outcome.status == 0 ? "the client got no response"
                                          : std::to_string(request.outcome.status));
    case Mismatch::Shape:
      return request.outcome.shape
                 ? its("shape", to_hex16(*request.outcome.shape))
                 : "shape differs: the request has none, or its body was not read to its end";
    case Mismatch::FailedItems:
      return "fewer than " + std::to_string(*directive.min_failed_items) + " failed items: " +
             (request.outcome.failed_items ? std::to_string(*request.outcome.failed_items)
                                           : "their number is not known");
    case Mismatch::MaxRecords:
      return "all of its " + std::to_string(*directive.max_records) + " records are made";
  }
  std::unreachable();
}

/// The part of the client's identity that `mismatch` asks for, if it is not kept; else null.
const char* missing_field(Mismatch mismatch, const ClientFields& kept) {
  if (mismatch == Mismatch::Client && !kept.address) return "address";
  if (mismatch == Mismatch::Agent && !kept.agent) return "agent";
  if (mismatch == Mismatch::OpaqueId && !kept.opaque_id) return "opaque_id";
  return nullptr;
}

WhyReport::Reason reason_of(Mismatch mismatch, const CompiledDirective& compiled,
                            const RememberedRequest& request) {
  if (const char* const field = missing_field(mismatch, request.kept)) {
    return {.slug = "client_not_kept",
            .text = std::string("not known: --client-fields keeps no ") + field};
  }
  return {.slug = std::string(to_string(mismatch)), .text = describe(mismatch, compiled, request)};
}

/// Writes the decision of one directive on the request; if the set that it was matched with is no
/// longer held, the decision that the current one would make.
WhyReport::OneDirective report_on(std::uint32_t place, const CompiledDirective& compiled,
                                  const RememberedRequest& request) {
  const auto reasons = explain_match(compiled, request.attributes(), request.started,
                                     request.request_id, request.outcome);
  const bool names_all = request.recorded_by.size() < Verdict::kMaxNamed;
  const bool is_named = std::ranges::find(request.recorded_by, place) != request.recorded_by.end();
  const bool recorded = request.set != nullptr && compiled.directive.level != Level::Off &&
                        (is_named || (!names_all && reasons.empty()));
  WhyReport::OneDirective report{.id = compiled.directive.id, .recorded = recorded};
  if (recorded) return report;
  for (const Mismatch reason : reasons) {
    report.reasons.push_back(reason_of(reason, compiled, request));
  }
  if (reasons.empty() && request.set == nullptr) {
    report.reasons.push_back(
        {.slug = "changed_since",
         .text = "the set has changed since; it would record the request now"});
  } else if (const auto left_out = compiled.usage->refused.load(std::memory_order_relaxed);
             reasons.empty() && left_out > 0) {
    report.reasons.push_back({.slug = "over_budget",
                              .text = "left out to stay within a budget, as one of " +
                                      std::to_string(left_out) + " requests so far"});
  } else if (reasons.empty()) {
    report.reasons.push_back({.slug = "unknown", .text = "no reason is known now"});
  }
  return report;
}

/// A caller that is bound to tenants sees the directives of these, and those that have recorded the
/// request: the record names them too.
bool is_shown(const Caller& caller, const Directive& directive, std::uint32_t place,
              const RememberedRequest& request) {
  if (sees(caller, directive)) return true;
  return request.set != nullptr && directive.level != Level::Off &&
         std::ranges::find(request.recorded_by, place) != request.recorded_by.end();
}

WhyReport report_on(const RememberedRequest& request, const DirectiveSet& set,
                    std::size_t max_directives, const std::string& instance, const Caller& caller) {
  WhyReport report{.instance = instance,
                   .request_id = request.request_id,
                   .recorded = request.recorded,
                   .started = request.started.wall,
                   .endpoint = request.endpoint,
                   .index = request.index,
                   .tenant = request.tenant,
                   .principal = request.principal,
                   .client = request.client,
                   .agent = request.agent,
                   .opaque_id = request.opaque_id,
                   .is_cut = request.is_cut,
                   .status = request.outcome.status,
                   .is_by_its_set = request.set != nullptr};
  const auto directives = set.directives();
  for (std::uint32_t i = 0; i < directives.size(); ++i) {
    if (!is_shown(caller, directives[i].directive, i, request)) continue;
    if (report.directives.size() < max_directives) {
      report.directives.push_back(report_on(i, directives[i], request));
    } else {
      ++report.left_out;
    }
  }
  return report;
}

}  // namespace

Response get_why(const Context& context, const Request& asked, std::string_view id) {
  const Observer& observer = context.dependencies.observer;
  if (!observer.keeps_why()) {
    return error_response(404, "output_off", "requests are not remembered on this instance");
  }
  const auto request_id = percent_decode(id);
  if (!request_id)
    return error_response(400, "bad_request", "the id has a % without two hex digits");
  auto requests = observer.remembered(*request_id);
  std::erase_if(requests,
                [&](const RememberedRequest& one) { return !asked.caller->sees(one.tenant); });
  if (requests.empty()) return error_response(404, "not_found", kNotSeen);
  const DirectiveSet::Pointer current = context.dependencies.store.load();
  std::size_t max_directives = kMaxDirectives;
  std::vector<WhyReport> reports;
  for (const RememberedRequest& request : requests) {
    reports.push_back(report_on(request, request.set ? *request.set : *current, max_directives,
                                context.options.instance, *asked.caller));
    max_directives = kMaxDirectives / std::max<std::size_t>(requests.size() - 1, 1);
  }
  return {.body = encode_why_reports(reports)};
}

}  // namespace osproxy::admin
