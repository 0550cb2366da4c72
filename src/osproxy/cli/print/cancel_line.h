// The shell lines that cancel a request at OpenSearch. osproxyctl prints them and cancels nothing.
//
//   const auto lines =
//       cancel_lines({.endpoint = "Search", .node = "os-1:9200", .opaque_id = "r-1"});
//
// OpenSearch makes up a task's id, which a proxy does not know. `_cat/tasks` shows it next to the
// X-Opaque-Id that the request came with.
//
// Pure functions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace osproxy::cli {

/// Views into another program's text.
struct CancelTarget {
  std::string_view endpoint;
  bool by_query = false;  ///< a reindex or an update by query, if the endpoint is IngestBulk
  std::string_view node;  ///< `host:port`; empty: no node has the request yet
  bool node_tls = false;
  std::string_view opaque_id{};  ///< as the node got it; empty: it got none, or it is unknown
};

/// One line that finds the task by its X-Opaque-Id and cancels it. If there is no such id, or one
/// that a shell could take for something else: a line that lists the tasks, and one that cancels
/// the task that is put in place of TASK_ID. None if no node has the request, or if OpenSearch
/// cannot cancel requests of its kind.
std::vector<std::string> cancel_lines(const CancelTarget& target);

}  // namespace osproxy::cli
