#include "osproxy/cli/print/top_text.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "osproxy/cli/print/text.h"
#include "osproxy/core/duration.h"

namespace osproxy::cli {
namespace {

using std::chrono::seconds;

constexpr int kBarWidth = 20;

std::string percent(double part) { return fmt::format("{:.1f}%", 100 * part); }

// A character for each twentieth of the whole.
std::string bar(double part) {
  const auto length = static_cast<int>(std::lround(kBarWidth * std::clamp(part, 0.0, 1.0)));
  std::string text;
  for (int i = 0; i < length; ++i) text += "█";
  return text;
}

std::string rate(double requests, seconds time) {
  const double per_second = requests / static_cast<double>(std::max<std::int64_t>(time.count(), 1));
  return per_second < 10 ? fmt::format("{:.1f}", per_second) : fmt::format("{:.0f}", per_second);
}

std::string name_of(const std::string& name) { return name.empty() ? "-" : shortened(name); }

std::vector<std::string> heads(const TopView& view) {
  std::vector<std::string> row;
  for (const TopDimension dimension : view.query.by) {
    std::string head(to_string(dimension));
    std::ranges::transform(head, head.begin(), [](char c) {
      return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    });
    row.push_back(std::move(head));
  }
  for (const char* const head : {"REQUESTS", "/s", "TIME", "P50", "P99", "BYTES", "ERRORS"}) {
    row.emplace_back(head);
  }
  row.emplace_back("SHARE");
  if (view.query.compares) {
    row.emplace_back("BEFORE");
    row.emplace_back("CHANGE");
  } else {
    row.emplace_back("");
  }
  return row;
}

std::string with_error(const Estimate& sum, std::string (*format)(double)) {
  const std::string value = format(sum.value());
  return sum.error() < 0.5 ? value : fmt::format("{} ±{}", value, format(sum.error()));
}

// The time that `now` sums over, as far as it is covered.
seconds covered_now(const TopView& view) { return std::min(view.last, view.covered); }

std::vector<std::string> row_of(const TopView& view, const TopRow& row) {
  std::vector<std::string> cells;
  cells.reserve(row.key.size());
  for (const std::string& name : row.key) cells.push_back(name_of(name));
  const TopSums& sums = row.now;
  cells.push_back(format_estimate(sums.requests));
  cells.push_back(rate(sums.requests.value(), covered_now(view)));
  cells.push_back(with_error(sums.time_us, format_micros));
  cells.push_back(format_micros(static_cast<double>(sums.latency.quantile(0.5).count())));
  cells.push_back(format_micros(static_cast<double>(sums.latency.quantile(0.99).count())));
  cells.push_back(with_error(sums.bytes, format_bytes));
  cells.push_back(format_estimate(sums.errors));
  const double share = share_of(sums, view.result.total.now, view.query.sort);
  cells.push_back(percent(share));
  if (view.query.compares) {
    const double before = share_of(row.before, view.result.total.before, view.query.sort);
    cells.push_back(percent(before));
    cells.push_back(fmt::format("{:+.1f}", 100 * (share - before)));
  } else {
    cells.push_back(bar(share));
  }
  return cells;
}

std::string head_line(const TopView& view) {
  const TopSums& total = view.result.total.now;
  std::string text =
      fmt::format("last {}: {} requests, {}/s, {} failed, of {} instance{}\n",
                  format_duration(covered_now(view)), format_estimate(total.requests),
                  rate(total.requests.value(), covered_now(view)), format_estimate(total.errors),
                  view.instances, view.instances == 1 ? "" : "s");
  if (view.query.compares) {
    const seconds before = std::max(view.covered - view.last, seconds(0));
    text += fmt::format("before: {} requests in {}\n",
                        format_estimate(view.result.total.before.requests),
                        format_duration(std::min(before, view.against)));
  }
  if (view.covered < view.last + view.against) {
    const bool is_young = view.covered < view.window;
    text +=
        fmt::format("only the last {} are held: {}\n", format_duration(view.covered),
                    is_young ? "an instance has started since" : "that is its --recorder-window");
  }
  for (const std::string& note : view.notes) text += note + "\n";
  return text;
}

}  // namespace

std::string top_text(const TopView& view) {
  std::string text = head_line(view);
  if (view.result.rows.empty()) return text + "no request was seen that passes the filter\n";
  std::vector<std::vector<std::string>> rows{heads(view)};
  for (const TopRow& row : view.result.rows) rows.push_back(row_of(view, row));
  text += format_table(rows);
  if (view.result.others_count > 0) {
    text += fmt::format("and {} more rows with {} requests\n", view.result.others_count,
                        format_estimate(view.result.others.now.requests));
  }
  return text;
}

std::string format_estimate(const Estimate& estimate) {
  const auto value = fmt::format("{:.0f}", estimate.value());
  return estimate.error() < 0.5 ? value : fmt::format("{} ±{:.0f}", value, estimate.error());
}

std::string format_bytes(double bytes) {
  constexpr std::array kUnits = {"B", "kB", "MB", "GB", "TB", "PB"};
  std::size_t unit = 0;
  for (; bytes >= 999.5 && unit + 1 < kUnits.size(); ++unit) bytes /= 1'000;
  const int digits = unit == 0 || bytes >= 99.5 ? 0 : bytes >= 9.95 ? 1 : 2;
  return fmt::format("{:.{}f}{}", bytes, digits, kUnits[unit]);
}

std::string format_micros(double microseconds) {
  if (microseconds < 1'000) return fmt::format("{:.0f}us", microseconds);
  if (microseconds < 1e6) return fmt::format("{:.0f}ms", microseconds / 1e3);
  if (microseconds < 60e6) return fmt::format("{:.2f}s", microseconds / 1e6);
  return format_duration(seconds(std::llround(microseconds / 1e6)));
}

}  // namespace osproxy::cli
