#include "osproxy/cli/print/cancel_line.h"

#include <algorithm>

#include <fmt/format.h>

namespace osproxy::cli {
namespace {

/// The actions of the tasks that OpenSearch can cancel. Empty: none of that kind.
std::string_view actions_of(std::string_view endpoint, bool by_query) noexcept {
  constexpr std::string_view kByQuery =
      "indices:data/write/update/byquery,indices:data/write/reindex";
  if (endpoint == "IngestBulk") return by_query ? kByQuery : std::string_view{};
  struct Row {
    std::string_view endpoint;
    std::string_view action;
  };
  constexpr Row kRows[] = {{"Search", "indices:data/read/search"},
                           {"MultiSearch", "indices:data/read/search"},  // one task for each search
                           {"Count", "indices:data/read/search"},
                           {"Cursor", "indices:data/read/scroll"},
                           {"DeleteByQuery", "indices:data/write/delete/byquery"}};
  const auto* const row = std::ranges::find(kRows, endpoint, &Row::endpoint);
  return row == std::end(kRows) ? std::string_view{} : row->action;
}

bool is_alphanumeric(char c) noexcept {
  return ('a' <= c && c <= 'z') || ('A' <= c && c <= 'Z') || ('0' <= c && c <= '9');
}

/// Within quotes of either kind, a shell and awk take it for what it is. `_cat/tasks` shows `-`
/// where a task has no id, so that alone names none.
bool is_plain(std::string_view text) noexcept {
  const auto is_harmless = [](char c) {
    return is_alphanumeric(c) || std::string_view("-._~:@/+=,[]").contains(c);
  };
  return std::ranges::all_of(text, is_harmless) && std::ranges::any_of(text, is_alphanumeric);
}

}  // namespace

std::vector<std::string> cancel_lines(const CancelTarget& target) {
  const std::string_view actions = actions_of(target.endpoint, target.by_query);
  if (actions.empty() || !is_plain(target.node)) return {};
  const std::string node = fmt::format("{}://{}", target.node_tls ? "https" : "http", target.node);
  if (is_plain(target.opaque_id)) {
    return {fmt::format(
        "curl -s '{0}/_cat/tasks?actions={1}&h=x_opaque_id,task_id' | awk '$1 == "
        "\"{2}\" {{print $2}}' | xargs -rI{{}} curl -s -XPOST '{0}/_tasks/{{}}/_cancel'",
        node, actions, target.opaque_id)};
  }
  return {fmt::format("curl -s '{}/_cat/tasks?v&actions={}&detailed&s=running_time_ns:desc"
                      "&h=task_id,running_time,x_opaque_id,description'",
                      node, actions),
          fmt::format("curl -s -XPOST '{}/_tasks/TASK_ID/_cancel'", node)};
}

}  // namespace osproxy::cli
