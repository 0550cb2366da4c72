#include "osproxy/cli/commands/show_scrolls.h"

#include <algorithm>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include <fmt/ostream.h>

#include "osproxy/cli/admin/admin_response.h"
#include "osproxy/cli/admin/scrolls_response.h"
#include "osproxy/cli/connection/connection.h"
#include "osproxy/cli/print/text.h"
#include "osproxy/core/json_writer.h"

namespace osproxy::cli {
namespace {

struct Report {
  const AdminInstance* address;
  std::optional<InstanceScrolls> scrolls;
  std::string error;
};

Report make_report(const AdminInstance& address, const AdminResult& response) {
  if (!response) return {.address = &address, .scrolls = {}, .error = response.error()};
  auto scrolls = response->status == 200 ? parse_scrolls(response->body) : std::nullopt;
  std::string error;
  if (!scrolls) {
    const std::string type = error_of(*response).type;
    error = response->status == 200 || type == "not_found" || type == "bad_filter"
                ? fmt::format("{}: too old: it does not list open scrolls", address.to_string())
                : describe_refusal(address, *response);
  }
  return {.address = &address, .scrolls = std::move(scrolls), .error = std::move(error)};
}

std::string time_text(std::int64_t us) {
  const auto value = static_cast<double>(us);
  return us >= 1'000'000 ? fmt::format("{:.1f}s", value / 1e6)
                         : fmt::format("{:.0f}ms", value / 1e3);
}

std::string or_dash(const std::string& text) { return text.empty() ? "-" : shortened(text); }

using Shown = std::pair<const OpenScroll*, const std::string*>;  // with its instance

std::vector<std::string> row(const Shown& shown) {
  const auto& [scroll, instance] = shown;
  return {(scroll->is_opened_here ? "" : ">") + time_text(scroll->age_us),
          scroll->kind,
          time_text(scroll->unused_us),
          time_text(scroll->left_ms * 1'000),
          fmt::to_string(scroll->continued),
          or_dash(scroll->index),
          or_dash(scroll->tenant),
          or_dash(scroll->principal),
          or_dash(scroll->client),
          or_dash(scroll->agent),
          or_dash(scroll->opaque_id),
          *instance};
}

std::string scrolls_text(const std::vector<Report>& reports, std::size_t count) {
  std::vector<Shown> shown;
  InstanceScrolls sum;
  for (const Report& report : reports) {
    if (!report.scrolls) continue;
    sum.open += report.scrolls->open;
    sum.matched += report.scrolls->matched;
    sum.dropped += report.scrolls->dropped;
    for (const OpenScroll& one : report.scrolls->scrolls) {
      shown.emplace_back(&one, &report.scrolls->instance);
    }
  }
  std::ranges::stable_sort(shown, std::ranges::greater(),
                           [](const Shown& one) { return one.first->age_us; });
  if (shown.size() > count) shown.resize(count);
  std::string text =
      fmt::format("{} open, {} matched, {} shown\n", sum.open, sum.matched, shown.size());
  if (sum.dropped > 0) {
    text += fmt::format("{} more were opened and are not known: too many\n", sum.dropped);
  }
  if (shown.empty()) return text;
  std::vector<std::vector<std::string>> rows{{"AGE", "KIND", "UNUSED", "LEFT", "CONTINUED", "INDEX",
                                              "TENANT", "PRINCIPAL", "CLIENT", "AGENT", "OPAQUE_ID",
                                              "INSTANCE"}};
  for (const Shown& one : shown) rows.push_back(row(one));
  return text + format_table(rows);
}

std::string scrolls_json(const std::vector<Report>& reports) {
  JsonWriter json;
  json.begin_object().key("instances").begin_array();
  for (const Report& report : reports) {
    json.begin_object().field_or_null("admin", report.address->url());
    json.field_or_null("error", report.error);
    json.key("scrolls").raw(report.scrolls ? report.scrolls->json : "null").end_object();
  }
  json.end_array().end_object();
  return std::move(json).take() + "\n";
}

}  // namespace

std::expected<void, Failure> show_scrolls(const AdminAccess& access, const std::string& target,
                                          std::size_t count, Output output,
                                          Environment& environment) {
  const auto responses = get_from_all(access, target);
  std::vector<Report> reports;
  std::vector<std::string> errors;
  for (std::size_t i = 0; i < responses.size(); ++i) {
    reports.push_back(make_report(access.instances[i], responses[i]));
    if (!reports.back().scrolls) errors.push_back(reports.back().error);
  }
  fmt::print(environment.out, "{}",
             output == Output::Json ? scrolls_json(reports) : scrolls_text(reports, count));
  if (errors.empty()) return {};
  return std::unexpected(instances_missing(errors, environment));
}

}  // namespace osproxy::cli
