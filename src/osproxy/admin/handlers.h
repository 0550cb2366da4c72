// The endpoints: functions from a request to a response, one file for each subject (directives.cc,
// history.cc, whoami.cc, status.cc, fleet.cc, recorder.cc, fleet_recorder.cc, tail.cc, inflight.cc,
// why.cc, debug.cc, console.cc, health.cc). dispatcher.cc has the table of paths.
//
// Thread safety: every handler may be called from any thread.
#pragma once

#include <string_view>

#include "osproxy/admin/admin_server.h"
#include "osproxy/admin/message.h"

namespace osproxy::admin {

/// The data that handlers read. Constant while the server runs.
struct Context {
  const AdminOptions& options;
  const AdminDependencies& dependencies;
  Now started;
};

// The last parameter is the segment at `{id}` in the path, not decoded.
Response get_directives(const Context& context, const Request& request, std::string_view);
Response post_directives(const Context& context, const Request& request, std::string_view);
Response get_history(const Context& context, const Request& request, std::string_view);
Response get_history_entry(const Context& context, const Request& request, std::string_view id);
Response post_rollback(const Context& context, const Request& request, std::string_view);
Response get_whoami(const Context& context, const Request& request, std::string_view);
Response get_status(const Context& context, const Request& request, std::string_view);
Response get_fleet(const Context& context, const Request& request, std::string_view);
Response get_top(const Context& context, const Request& request, std::string_view);
Response get_recent(const Context& context, const Request& request, std::string_view);
Response post_plan(const Context& context, const Request& request, std::string_view);
Response get_fleet_top(const Context& context, const Request& request, std::string_view);
Response get_fleet_recent(const Context& context, const Request& request, std::string_view);
Response get_fleet_inflight(const Context& context, const Request& request, std::string_view);
Response post_fleet_plan(const Context& context, const Request& request, std::string_view);
Response get_tail(const Context& context, const Request& request, std::string_view);
Response get_inflight(const Context& context, const Request& request, std::string_view);
Response get_why(const Context& context, const Request& request, std::string_view id);
Response get_explain(const Context& context, const Request& request, std::string_view id);
Response get_breakglass(const Context& context, const Request& request, std::string_view);
Response get_console(const Context& context, const Request& request, std::string_view name);
Response get_metrics(const Context& context, const Request& request, std::string_view);
Response get_healthz(const Context& context, const Request& request, std::string_view);
Response get_readyz(const Context& context, const Request& request, std::string_view);

}  // namespace osproxy::admin
