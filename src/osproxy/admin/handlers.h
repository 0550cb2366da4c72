// The endpoints: functions from a request to a response, one file for each subject (directives.cc,
// whoami.cc, status.cc, fleet.cc, recorder.cc, tail.cc, inflight.cc, why.cc, debug.cc, health.cc).
// dispatcher.cc has the table of paths.
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
Response get_whoami(const Context& context, const Request& request, std::string_view);
Response get_status(const Context& context, const Request& request, std::string_view);
Response get_fleet(const Context& context, const Request& request, std::string_view);
Response get_top(const Context& context, const Request& request, std::string_view);
Response get_recent(const Context& context, const Request& request, std::string_view);
Response post_plan(const Context& context, const Request& request, std::string_view);
Response get_tail(const Context& context, const Request& request, std::string_view);
Response get_inflight(const Context& context, const Request& request, std::string_view);
Response get_why(const Context& context, const Request& request, std::string_view id);
Response get_explain(const Context& context, const Request& request, std::string_view id);
Response get_breakglass(const Context& context, const Request& request, std::string_view);
Response get_metrics(const Context& context, const Request& request, std::string_view);
Response get_healthz(const Context& context, const Request& request, std::string_view);
Response get_readyz(const Context& context, const Request& request, std::string_view);

}  // namespace osproxy::admin
