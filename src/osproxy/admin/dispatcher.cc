#include "osproxy/admin/dispatcher.h"

#include <exception>
#include <optional>

#include <fmt/format.h>

#include "osproxy/admin/access.h"
#include "osproxy/core/encoding.h"

namespace osproxy::admin {
namespace {

Response get_index(const Context& context, const Request& request, std::string_view);

constexpr AdminEndpoint kEndpoints[] = {
    {Method::Get, "/", Access::Open, Lane::Inline, get_console, "the console, for a browser"},
    {Method::Get, "/console/{id}", Access::Open, Lane::Inline, get_console, "the console's files"},
    {Method::Get, "/admin", Access::Guarded, Lane::Inline, get_index, "this list"},
    {Method::Get, "/admin/directives", Access::Guarded, Lane::Read, get_directives,
     "the document in force on this instance"},
    {Method::Post, "/admin/directives", Access::Guarded, Lane::Publish, post_directives,
     "publish a document; If-Match: \"REVISION\" makes it conditional"},
    {Method::Get, "/admin/history", Access::Guarded, Lane::Fleet, get_history,
     "who has changed the document, when and why; ?n=N&directive=ID"},
    {Method::Get, "/admin/history/{id}", Access::Guarded, Lane::Fleet, get_history_entry,
     "one change, with its document"},
    {Method::Post, "/admin/rollback", Access::Guarded, Lane::Publish, post_rollback,
     "publish an earlier revision's directives again; ?revision=N&dry_run=true"},
    {Method::Get, "/admin/status", Access::Guarded, Lane::Read, get_status,
     "state of the store, directives, records"},
    {Method::Get, "/admin/fleet", Access::Guarded, Lane::Fleet, get_fleet,
     "who has applied the current document, and who has not, and why"},
    {Method::Get, "/admin/top", Access::Guarded, Lane::Bulk, get_top,
     "who makes the traffic of the last minutes; ?by=tenant&last=5m&sort=time"},
    {Method::Get, "/admin/recent", Access::Guarded, Lane::Bulk, get_recent,
     "the newest slow and failed requests; ?limit=N&tenant=…"},
    {Method::Post, "/admin/plan", Access::Guarded, Lane::Bulk, post_plan,
     "estimates what a document's directives would have recorded in the last minutes"},
    {Method::Get, "/admin/fleet/top", Access::Guarded, Lane::Others, get_fleet_top,
     "the same of all instances together, which this one asks"},
    {Method::Get, "/admin/fleet/recent", Access::Guarded, Lane::Others, get_fleet_recent,
     "the same of each instance"},
    {Method::Get, "/admin/fleet/inflight", Access::Guarded, Lane::Others, get_fleet_inflight,
     "the same of each instance"},
    {Method::Post, "/admin/fleet/plan", Access::Guarded, Lane::Others, post_fleet_plan,
     "the same of all instances together"},
    {Method::Get, "/admin/tail", Access::Guarded, Lane::Inline, get_tail,
     "each record as it is made, as server-sent events; ?tenant=…&slower=1s"},
    {Method::Get, "/admin/inflight", Access::Guarded, Lane::Workers, get_inflight,
     "the requests under way, the oldest first; ?tenant=…&slower=1s&limit=N"},
    {Method::Get, "/admin/why/{id}", Access::Guarded, Lane::Read, get_why,
     "why a request was recorded, or why not, directive by directive"},
    {Method::Get, "/debug/explain/{id}", Access::Guarded, Lane::Read, get_explain,
     "the record of one request"},
    {Method::Get, "/debug/breakglass", Access::Guarded, Lane::Bulk, get_breakglass,
     "the newest records of the break-glass ring; ?limit=N"},
    {Method::Get, "/metrics", Access::Open, Lane::Scrape, get_metrics, "for Prometheus"},
    {Method::Get, "/healthz", Access::Open, Lane::Inline, get_healthz,
     "200 while the process serves"},
    {Method::Get, "/readyz", Access::Open, Lane::Inline, get_readyz,
     "200 when it is ready, else 503"},
};

Response get_index(const Context& context, const Request&, std::string_view) {
  Response response{.content_type = kTextType,
                    .body = "osproxy " + context.options.version + ", admin listener of " +
                            context.options.instance + "\n\n"};
  for (const AdminEndpoint& endpoint : kEndpoints) {
    std::string line = endpoint.method == Method::Post ? "POST " : "GET  ";
    line += endpoint.path;
    line.resize(30, ' ');
    response.body += line;
    response.body += endpoint.summary;
    response.body += '\n';
  }
  return response;
}

// Returns the segment at `{id}` if `path` is the endpoint's, empty if it has none; nullopt if it is
// not.
std::optional<std::string_view> match(std::string_view pattern, std::string_view path) {
  constexpr std::string_view kId = "{id}";
  if (!pattern.ends_with(kId)) {
    return path == pattern ? std::optional(std::string_view{}) : std::nullopt;
  }
  pattern.remove_suffix(kId.size());
  if (!path.starts_with(pattern)) return std::nullopt;
  const std::string_view id = path.substr(pattern.size());
  return id.empty() || id.contains('/') ? std::nullopt : std::optional(id);
}

Response method_not_allowed(std::string allowed) {
  Response response = error_response(405, "method_not_allowed", "this endpoint takes " + allowed);
  response.headers.emplace_back("Allow", std::move(allowed));
  return response;
}

/// A client that has the address from an ack names the instance, percent-encoded. Another one may
/// be there: each machine has a 127.0.0.1, and addresses are assigned again.
bool is_meant(const Request& head, std::string_view instance) {
  return !head.instance || *head.instance == percent_encode(instance);
}

Response misdirected(std::string_view instance) {
  return error_response(
      421, "misdirected",
      fmt::format("this is {}, another instance than the one asked for", instance));
}

}  // namespace

Dispatcher::Dispatcher(const AdminOptions& options, const AdminDependencies& dependencies)
    : context_{
          .options = options, .dependencies = dependencies, .started = dependencies.clock.now()} {}

std::expected<Route, Response> Dispatcher::admit(const Request& head) const {
  const Method wanted = head.method == Method::Head ? Method::Get : head.method;
  std::string allowed;
  for (const AdminEndpoint& endpoint : kEndpoints) {
    const auto id = match(endpoint.path, head.path());
    if (!id) continue;
    if (endpoint.method != wanted) {
      allowed += allowed.empty() ? "" : ", ";
      allowed += endpoint.method == Method::Post ? "POST" : "GET, HEAD";
      continue;
    }
    const AccessRules rules{.token = context_.options.token, .hosts = context_.options.hosts};
    const auto check = endpoint.access == Access::Guarded ? check_access : check_open_access;
    if (auto refusal = check(head, rules)) return std::unexpected(*std::move(refusal));
    if (!is_meant(head, context_.options.instance)) {
      return std::unexpected(misdirected(context_.options.instance));
    }
    return Route{.endpoint = &endpoint, .id = *id};
  }
  if (!allowed.empty()) return std::unexpected(method_not_allowed(std::move(allowed)));
  return std::unexpected(
      error_response(404, "not_found", "no such endpoint; GET /admin lists them"));
}

bool Dispatcher::is_trusted(const Request& head) const noexcept {
  return presents_token(head, context_.options.token);
}

Response Dispatcher::respond(const Route& route, const Request& request) const {
  try {
    return route.endpoint->handler(context_, request, route.id);
  } catch (const std::exception&) {
    return error_response(500, "internal_error", "the request could not be served");
  }
}

}  // namespace osproxy::admin
