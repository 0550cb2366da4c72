#include "osproxy/cli/commands/show_plan.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include <fmt/ostream.h>

#include "osproxy/cli/admin/admin_client.h"
#include "osproxy/cli/admin/admin_response.h"
#include "osproxy/cli/print/text.h"
#include "osproxy/cli/print/top_text.h"
#include "osproxy/core/duration.h"
#include "osproxy/directive/encode.h"
#include "osproxy/flight/plan_report.h"

namespace osproxy::cli {
namespace {

/// The plans of all instances that responded, with the instance of each.
struct Responses {
  std::vector<std::pair<std::string, Plan>> plans;
  std::vector<std::string> errors;
};

Responses ask_all(const AdminAccess& access, const Directive& directive) {
  const std::string document = encode_document({.directives = {directive}});
  Responses all;
  const auto responses = post_to_all(access, "/admin/plan", document);
  for (std::size_t i = 0; i < responses.size(); ++i) {
    const AdminResult& response = responses[i];
    if (!response) {
      all.errors.push_back(response.error());
      continue;
    }
    const auto report = response->status == 200 ? decode_plan_report(response->body) : std::nullopt;
    if (!report || report->plans.size() != 1) {
      all.errors.push_back(describe_refusal(access.instances[i], *response));
      continue;
    }
    all.plans.emplace_back(report->instance, report->plans.front().second);
  }
  return all;
}

/// All instances together. Of hints, those that every instance gives: a name that one of them has
/// seen is no mistake.
Plan add_up(const std::vector<std::pair<std::string, Plan>>& plans) {
  Plan sum = plans.front().second;
  for (const auto& [instance, plan] : std::span(plans).subspan(1)) {
    sum.seen.add(plan.seen);
    sum.matched.add(plan.matched);
    sum.recorded.add(plan.recorded);
    sum.covered = std::min(sum.covered, plan.covered);
    sum.recorded_in_life += plan.recorded_in_life;
    sum.bytes_in_life += plan.bytes_in_life;
    sum.cpu_percent = std::max(sum.cpu_percent, plan.cpu_percent);
    std::erase_if(sum.hints, [&](const std::string& hint) {
      return std::ranges::find(plan.hints, hint) == plan.hints.end();
    });
  }
  return sum;
}

double per_second(const Estimate& requests, std::chrono::seconds time) {
  return requests.value() / static_cast<double>(std::max<std::int64_t>(time.count(), 1));
}

std::string plan_text(const std::vector<std::pair<std::string, Plan>>& plans) {
  const Plan sum = add_up(plans);
  const auto seeing =
      std::ranges::count_if(plans, [](const auto& one) { return one.second.matched.value() > 0; });
  const double share = sum.seen.value() > 0 ? 100 * sum.matched.value() / sum.seen.value() : 0;
  std::string text =
      fmt::format("MATCH   last {}: {} requests ({:.1f}%), {:.1f}/s, on {} of {} instances\n",
                  format_duration(sum.covered), format_estimate(sum.matched), share,
                  per_second(sum.matched, sum.covered), seeing, plans.size());
  text += fmt::format("RECORD  {} of them, {:.1f}/s\n", format_estimate(sum.recorded),
                      per_second(sum.recorded, sum.covered));
  text +=
      fmt::format("COST    ~{:.0f} records, ~{} in {}; {:.2f}% of a core on the busiest instance\n",
                  sum.recorded_in_life, format_bytes(sum.bytes_in_life), format_duration(sum.life),
                  sum.cpu_percent);
  for (const auto& [instance, plan] : plans) {
    if (!plan.is_over_budget) continue;
    text += fmt::format("BUDGET  {}: {:.0f} records/s, budget {}: the rest is left out\n",
                        printable(instance), per_second(plan.recorded, plan.covered),
                        plan.budget_per_second);
  }
  if (!text.contains("BUDGET")) text += "BUDGET  ok\n";
  for (const std::string& hint : sum.hints) text += fmt::format("HINT    {}\n", printable(hint));
  return text;
}

}  // namespace

std::expected<void, Failure> show_plan(const Directive& directive,
                                       const ConnectionFlags& connection, Output output,
                                       Environment& environment) {
  const auto access = admin_access(connection, environment);
  if (!access) return std::unexpected(access.error());
  const Responses all = ask_all(*access, directive);
  if (!all.plans.empty()) {
    const PlanReport report{.instance = "", .plans = {{directive.id, add_up(all.plans)}}};
    fmt::print(environment.out, "{}",
               output == Output::Json ? encode_plan_report(report) + "\n" : plan_text(all.plans));
  }
  if (all.errors.empty()) return {};
  return std::unexpected(instances_missing(all.errors, environment));
}

}  // namespace osproxy::cli
