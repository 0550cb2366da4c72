#include "osproxy/cli/commands/show_plan.h"

#include <algorithm>
#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/ostream.h>

#include "osproxy/cli/admin/admin_client.h"
#include "osproxy/cli/admin/admin_response.h"
#include "osproxy/cli/admin/asked_instances.h"
#include "osproxy/cli/print/text.h"
#include "osproxy/cli/print/top_text.h"
#include "osproxy/core/duration.h"
#include "osproxy/directive/encode.h"
#include "osproxy/flight/add_up.h"
#include "osproxy/flight/plan_report.h"

namespace osproxy::cli {
namespace {

/// An operator who switches something on does not wait longer for what it will record.
constexpr std::chrono::seconds kPlanLineTimeout{1};

/// The plans of all instances that responded, with the instance of each.
struct Responses {
  std::vector<std::pair<std::string, Plan>> plans;
  AskedInstances asked;
};

std::expected<PlanReport, std::string> read_report(const AdminInstance& instance,
                                                   const AdminResponse& response) {
  if (response.status != 200) return std::unexpected(describe_refusal(instance, response));
  auto report = decode_plan_report(response.body);
  if (!report) return std::unexpected(describe_unusable(instance, report.error()));
  if (report->plans.size() != 1) {
    return std::unexpected(describe_unusable(instance, "it is not of one directive"));
  }
  return report;
}

Responses ask_all(const AdminAccess& access, const Directive& directive) {
  const std::string document = encode_document({.directives = {directive}});
  Responses all{.plans = {}, .asked = AskedInstances(access)};
  const auto responses = post_to_all(access, "/admin/plan", document);
  for (std::size_t i = 0; i < responses.size(); ++i) {
    auto report = responses[i] ? read_report(access.instances[i], *responses[i])
                               : std::unexpected(responses[i].error());
    if (!report) {
      all.asked.miss(i, report.error());
    } else if (all.asked.show(i, report->instance)) {
      all.plans.emplace_back(report->instance, report->plans.front().second);
    }
  }
  return all;
}

/// All instances together.
Plan add_up(const std::vector<std::pair<std::string, Plan>>& plans) {
  std::vector<Plan> all;
  all.reserve(plans.size());
  for (const auto& [instance, plan] : plans) all.push_back(plan);
  return osproxy::add_up(all);
}

double per_second(const Estimate& requests, std::chrono::seconds time) {
  return requests.value() / static_cast<double>(std::max<std::int64_t>(time.count(), 1));
}

/// Of all instances together; each may have seen another time.
double per_second(const std::vector<std::pair<std::string, Plan>>& plans, Estimate Plan::* sum) {
  double rate = 0;
  for (const auto& [instance, plan] : plans) rate += per_second(plan.*sum, plan.covered);
  return rate;
}

/// "30 requests (15.0%), 3.0/s, on 1 of 2 instances"
std::string match_text(const std::vector<std::pair<std::string, Plan>>& plans, const Plan& sum) {
  const auto seeing =
      std::ranges::count_if(plans, [](const auto& one) { return one.second.matched.value() > 0; });
  const double share = sum.seen.value() > 0 ? 100 * sum.matched.value() / sum.seen.value() : 0;
  return fmt::format("{} requests ({:.1f}%), {:.1f}/s, on {} of {} instances",
                     format_estimate(sum.matched), share, per_second(plans, &Plan::matched), seeing,
                     plans.size());
}

std::string plan_line(const Responses& all) {
  const Plan sum = add_up(all.plans);
  std::string line = fmt::format("plan: in the last {} it matches {}, and records {:.1f}/s",
                                 format_duration(sum.covered), match_text(all.plans, sum),
                                 per_second(all.plans, &Plan::recorded));
  const auto over =
      std::ranges::count_if(all.plans, [](const auto& one) { return one.second.is_over_budget; });
  if (over > 0) line += fmt::format("; over budget on {}: the rest is left out", over);
  if (const auto errors = all.asked.errors(); !errors.empty()) {
    line += fmt::format("; {} not asked", errors.size());
  }
  for (const std::string& hint : sum.hints) line += "; " + hint;
  return printable(line);
}

std::string plan_text(const std::vector<std::pair<std::string, Plan>>& plans) {
  const Plan sum = add_up(plans);
  std::string text =
      fmt::format("MATCH   last {}: {}\n", format_duration(sum.covered), match_text(plans, sum));
  text += fmt::format("RECORD  {} of them, {:.1f}/s\n", format_estimate(sum.recorded),
                      per_second(plans, &Plan::recorded));
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
  const auto access = connection.reach == Reach::Either ? access_beside(connection, environment)
                                                        : admin_access(connection, environment);
  if (!access) return std::unexpected(access.error());
  const Responses all = ask_all(*access, directive);
  if (!all.plans.empty()) {
    const PlanReport report{.instance = "", .plans = {{directive.id, add_up(all.plans)}}};
    fmt::print(environment.out, "{}",
               output == Output::Json ? all.asked.add_to(encode_plan_report(report)) + "\n"
                                      : plan_text(all.plans));
  }
  const std::vector<std::string> errors = all.asked.errors();
  if (errors.empty()) return {};
  return std::unexpected(instances_missing(errors, environment));
}

void print_plan_line(const Directive& directive, const ConnectionFlags& connection,
                     Environment& environment) {
  ConnectionFlags brief = connection;
  if (!brief.timeout || *brief.timeout > kPlanLineTimeout) brief.timeout = kPlanLineTimeout;
  auto access = access_beside(brief, environment);
  if (!access) {
    fmt::print(environment.err, "no plan: {}\n", printable(access.error().message));
    return;
  }
  access->in_all = kPlanLineTimeout;
  const Responses all = ask_all(*access, directive);
  if (all.plans.empty()) {
    fmt::print(environment.err, "no plan: {}\n", printable(all.asked.errors().front()));
  } else {
    fmt::print(environment.out, "{}\n", plan_line(all));
  }
}

}  // namespace osproxy::cli
