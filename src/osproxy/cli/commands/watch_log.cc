#include "osproxy/cli/commands/watch_log.h"

#include <utility>

#include <fmt/format.h>

#include "osproxy/cli/print/directive_text.h"
#include "osproxy/cli/print/text.h"
#include "osproxy/core/json_writer.h"
#include "osproxy/core/rfc3339.h"

namespace osproxy::cli {
namespace {

std::vector<std::string> active_ids(const DirectiveSet& set, Now now) {
  std::vector<std::string> ids;
  for (const CompiledDirective& compiled : set.directives()) {
    if (!compiled.life.is_over(now)) ids.push_back(compiled.directive.id);
  }
  return ids;
}

std::string unix_seconds(WallTime time) {
  const auto us = std::chrono::floor<std::chrono::microseconds>(time).time_since_epoch().count();
  return fmt::format("{}.{:06}", us / 1'000'000, us % 1'000'000);
}

void write_rejection(JsonWriter& json, const std::optional<Rejection>& rejected) {
  json.key("rejected");
  if (!rejected) {
    json.null();
    return;
  }
  json.begin_object().field("revision", rejected->revision);
  json.field("slug", to_string(rejected->fault)).field("where", rejected->where).end_object();
}

std::string json_line(const StoreStatus& status, const std::vector<std::string>& active, Now now) {
  JsonWriter json;
  json.begin_object();
  json.key("t").raw(unix_seconds(now.wall));
  json.field("revision", status.revision).field("state", to_string(status.state));
  json.key("verified_age_ms");
  if (status.verified_age) {
    json.value(std::chrono::floor<std::chrono::milliseconds>(*status.verified_age).count());
  } else {
    json.null();
  }
  write_ids(json, "active", active);
  write_rejection(json, status.rejected);
  json.end_object();
  return std::move(json).take();
}

std::string text_line(const StoreStatus& status, const std::vector<std::string>& active, Now now) {
  std::string line = fmt::format(
      "{} {} revision {}, {}, active: {}",
      format_rfc3339(std::chrono::floor<std::chrono::milliseconds>(now.wall)),
      to_string(status.state), status.revision,
      status.verified_age ? "verified " + format_age(*status.verified_age) : "never verified",
      active.empty() ? "nothing" : join(active));
  if (!status.reason.empty()) line += "; " + printable(status.reason);
  if (status.rejected) {
    line += fmt::format(
        "; revision {} {}", status.rejected->revision,
        describe_rejection({.fault = status.rejected->fault, .where = status.rejected->where}));
  }
  return line;
}

}  // namespace

std::optional<std::string> WatchLog::next(const StoreStatus& status, const DirectiveSet& set,
                                          Now now) {
  View view{.state = status.state,
            .revision = status.revision,
            .active = active_ids(set, now),
            .rejected = status.rejected};
  if (view == last_) return std::nullopt;
  last_ = std::move(view);
  return output_ == Output::Json ? json_line(status, last_->active, now)
                                 : text_line(status, last_->active, now);
}

}  // namespace osproxy::cli
