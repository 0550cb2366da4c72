#include "osproxy/admin/dispatcher.h"

#include <algorithm>
#include <exception>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "osproxy/admin/access.h"
#include "osproxy/core/encoding.h"

namespace osproxy::admin {
namespace {

Response get_index(const Context& context, const Request& request, std::string_view);

constexpr AdminEndpoint kEndpoints[] = {
    {Method::Get, "/", Access::Open, Scope::Any, Lane::Inline, get_console,
     "the console, for a browser"},
    {Method::Get, "/console/{id}", Access::Open, Scope::Any, Lane::Inline, get_console,
     "the console's files"},
    {Method::Get, "/admin", Access::Viewer, Scope::Any, Lane::Inline, get_index, "this list"},
    {Method::Get, "/admin/directives", Access::Viewer, Scope::Filtered, Lane::Read, get_directives,
     "the document in force on this instance"},
    {Method::Post, "/admin/directives", Access::Operator, Scope::Filtered, Lane::Publish,
     post_directives, "publish a document; If-Match: \"REVISION\" makes it conditional"},
    {Method::Get, "/admin/history", Access::Viewer, Scope::Whole, Lane::Fleet, get_history,
     "who has changed the document, when and why; ?n=N&directive=ID"},
    {Method::Get, "/admin/history/{id}", Access::Viewer, Scope::Whole, Lane::Fleet,
     get_history_entry, "one change, with its document"},
    {Method::Post, "/admin/rollback", Access::Operator, Scope::Whole, Lane::Publish, post_rollback,
     "publish an earlier revision's directives again; ?revision=N&dry_run=true"},
    {Method::Get, "/admin/whoami", Access::Viewer, Scope::Any, Lane::Inline, get_whoami,
     "the caller's name, role and tenants"},
    {Method::Get, "/admin/status", Access::Viewer, Scope::Filtered, Lane::Read, get_status,
     "state of the store, directives, records"},
    {Method::Get, "/admin/fleet", Access::Viewer, Scope::Filtered, Lane::Fleet, get_fleet,
     "who has applied the current document, and who has not, and why"},
    {Method::Get, "/admin/top", Access::Viewer, Scope::Filtered, Lane::Bulk, get_top,
     "who makes the traffic of the last minutes; ?by=tenant&last=5m&sort=time"},
    {Method::Get, "/admin/recent", Access::Viewer, Scope::Filtered, Lane::Bulk, get_recent,
     "the newest slow and failed requests; ?limit=N&tenant=…"},
    {Method::Post, "/admin/plan", Access::Viewer, Scope::Filtered, Lane::Bulk, post_plan,
     "estimates what a document's directives would have recorded in the last minutes"},
    {Method::Get, "/admin/fleet/top", Access::Viewer, Scope::Filtered, Lane::Others, get_fleet_top,
     "the same of all instances together, which this one asks"},
    {Method::Get, "/admin/fleet/recent", Access::Viewer, Scope::Filtered, Lane::Others,
     get_fleet_recent, "the same of each instance"},
    {Method::Get, "/admin/fleet/inflight", Access::Viewer, Scope::Filtered, Lane::Others,
     get_fleet_inflight, "the same of each instance"},
    {Method::Post, "/admin/fleet/plan", Access::Viewer, Scope::Filtered, Lane::Others,
     post_fleet_plan, "the same of all instances together"},
    {Method::Get, "/admin/tail", Access::Viewer, Scope::Filtered, Lane::Inline, get_tail,
     "each record as it is made, as server-sent events; ?tenant=…&slower=1s"},
    {Method::Get, "/admin/inflight", Access::Viewer, Scope::Filtered, Lane::Workers, get_inflight,
     "the requests under way, the oldest first; ?tenant=…&slower=1s&limit=N"},
    {Method::Get, "/admin/why/{id}", Access::Viewer, Scope::Filtered, Lane::Read, get_why,
     "why a request was recorded, or why not, directive by directive"},
    {Method::Get, "/debug/explain/{id}", Access::Viewer, Scope::Filtered, Lane::Read, get_explain,
     "the record of one request"},
    {Method::Get, "/debug/breakglass", Access::Viewer, Scope::Filtered, Lane::Bulk, get_breakglass,
     "the newest records of the break-glass ring; ?limit=N"},
    {Method::Get, "/metrics", Access::Open, Scope::Any, Lane::Scrape, get_metrics,
     "for Prometheus"},
    {Method::Get, "/healthz", Access::Open, Scope::Any, Lane::Inline, get_healthz,
     "200 while the process serves"},
    {Method::Get, "/readyz", Access::Open, Scope::Any, Lane::Inline, get_readyz,
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

std::string_view name_of(Method method) noexcept { return method == Method::Post ? "POST" : "GET"; }

void tell(Refusals* refusals, Refusal reason, const Request& head, const AdminEndpoint& endpoint,
          const CallerPointer& caller) {
  if (refusals == nullptr) return;
  const std::string peer = head.peer.to_string();
  refusals->add({.reason = reason,
                 .peer = peer,
                 .caller = caller ? std::string_view(caller->name) : std::string_view(),
                 .method = name_of(endpoint.method),
                 .endpoint = endpoint.path});
}

Role least_role(Access access) noexcept {
  switch (access) {
    case Access::Open:
    case Access::Viewer:
      return Role::Viewer;
    case Access::Operator:
      return Role::Operator;
    case Access::Admin:
      return Role::Admin;
  }
  std::unreachable();
}

Refused unknown_caller(Refusal reason) {
  if (reason == Refusal::TooManyFailures) {
    Response response =
        error_response(429, "too_many_failures",
                       "this address has presented too many unknown tokens; try again in a second");
    response.headers.emplace_back("Retry-After", "1");
    return {reason, std::move(response)};
  }
  const bool has_certificate = reason == Refusal::BadCertificate;
  Response response = error_response(
      401, "unauthorized",
      has_certificate ? "no line of the tokens file names this client certificate"
                      : "`Authorization: Bearer` with a token of the admin listener is needed");
  response.headers.emplace_back("WWW-Authenticate", "Bearer");
  return {reason, std::move(response)};
}

}  // namespace

std::span<const AdminEndpoint> admin_endpoints() noexcept { return kEndpoints; }

Dispatcher::Dispatcher(const AdminOptions& options, const AdminDependencies& dependencies)
    : context_{.options = options,
               .dependencies = dependencies,
               .started = dependencies.clock.now()},
      gatekeeper_(options.roles, dependencies.clock) {}

std::optional<Refused> Dispatcher::check(const AdminEndpoint& endpoint, const Request& head,
                                         const Identity& identity) const {
  if (endpoint.access == Access::Open) return check_open_access(head, context_.options.hosts);
  if (!identity.caller) return unknown_caller(identity.refusal);
  const Caller& caller = *identity.caller;
  const AccessRules rules{.is_proven = identity.is_proven,
                          .is_ambient = identity.is_ambient,
                          .hosts = context_.options.hosts};
  if (auto refused = check_access(head, rules)) return refused;
  if (const Role least = least_role(endpoint.access); caller.role < least) {
    return Refused{Refusal::Role,
                   error_response(403, "forbidden",
                                  fmt::format("{} is a {}: this needs the role {}", caller.name,
                                              to_string(caller.role), to_string(least)))};
  }
  if (endpoint.scope == Scope::Whole && caller.is_bound()) {
    return Refused{
        Refusal::Tenant,
        error_response(
            403, "forbidden_tenant",
            fmt::format("{} is bound to tenants: this is for callers that are not", caller.name))};
  }
  return std::nullopt;
}

Identity Dispatcher::identify(const Request& head) {
  const bool is_open = std::ranges::any_of(kEndpoints, [&](const AdminEndpoint& endpoint) {
    return endpoint.access == Access::Open && match(endpoint.path, head.path());
  });
  using Failures = Gatekeeper::Failures;
  return gatekeeper_.identify(head, is_open ? Failures::Ignore : Failures::Count);
}

std::expected<Route, Response> Dispatcher::admit(const Request& head,
                                                 const Identity& identity) const {
  const Method wanted = head.method == Method::Head ? Method::Get : head.method;
  std::string allowed;
  for (const AdminEndpoint& endpoint : kEndpoints) {
    const auto id = match(endpoint.path, head.path());
    if (!id) continue;
    if (endpoint.method != wanted) {
      allowed += allowed.empty() ? "" : ", ";
      allowed += name_of(endpoint.method) == "POST" ? "POST" : "GET, HEAD";
      continue;
    }
    if (auto refused = check(endpoint, head, identity)) {
      tell(context_.dependencies.refusals, refused->reason, head, endpoint, identity.caller);
      return std::unexpected(std::move(refused->response));
    }
    if (!is_meant(head, context_.options.instance)) {
      return std::unexpected(misdirected(context_.options.instance));
    }
    return Route{.endpoint = &endpoint, .id = *id, .caller = identity.caller};
  }
  if (!allowed.empty()) return std::unexpected(method_not_allowed(std::move(allowed)));
  return std::unexpected(
      error_response(404, "not_found", "no such endpoint; GET /admin lists them"));
}

Response Dispatcher::respond(const Route& route, Request request) const {
  try {
    request.caller = route.caller;
    Response response = route.endpoint->handler(context_, request, route.id);
    if (response.refusal) {
      tell(context_.dependencies.refusals, *response.refusal, request, *route.endpoint,
           route.caller);
    }
    return response;
  } catch (const std::exception&) {
    return error_response(500, "internal_error", "the request could not be served");
  }
}

}  // namespace osproxy::admin
