// Routes a request to its handler: the table of endpoints, and who may use each.
//
//   Dispatcher dispatcher(options, dependencies);
//   const Identity identity = dispatcher.identify(head);  // as soon as the head is complete
//   auto route = dispatcher.admit(head, identity);
//   if (!route) return route.error();
//   Response response = dispatcher.respond(*route, request);
//
// Admission needs only the head, so that the body of a client without access is never read.
//
// Thread safety: every member may be called from any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "osproxy/admin/access.h"
#include "osproxy/admin/gatekeeper.h"
#include "osproxy/admin/handlers.h"
#include "osproxy/admin/message.h"

namespace osproxy::admin {

/// The least role that an endpoint needs.
enum class Access : std::uint8_t {
  Open,  ///< probes, scrapers, the files of the console: no token
  Viewer,
  Operator,
  Admin,
};

/// The part of an endpoint that a caller gets who is bound to tenants.
enum class Scope : std::uint8_t {
  Any,       ///< all of it: nothing there is of a tenant
  Filtered,  ///< its tenants' part, by the handler
  Whole,     ///< nothing: the endpoint cannot be divided
};

/// Where a handler runs. Each lane has its own threads and its own limit of calls, so that calls of
/// one kind never wait for another kind.
enum class Lane : std::uint8_t {
  Inline,   ///< on the thread of the connections: it takes microseconds
  Scrape,   ///< collects the metrics
  Read,     ///< makes up to some megabytes of text
  Bulk,     ///< makes more than that
  Publish,  ///< waits for the store
  Fleet,    ///< waits for the store
  Workers,  ///< waits for the workers
  Others,   ///< waits for other instances
};
inline constexpr std::size_t kLaneCount = 8;

struct AdminEndpoint {
  Method method;          ///< Get (also admits HEAD) or Post
  std::string_view path;  ///< exact, or with `{id}` as the last segment
  Access access;
  Scope scope;
  Lane lane;
  Response (*handler)(const Context&, const Request&, std::string_view id);
  std::string_view summary;  ///< for GET /admin
};

/// An endpoint as one request uses it.
struct Route {
  const AdminEndpoint* endpoint;
  std::string_view id;     ///< the segment at `{id}`; a view into the request's target
  CallerPointer caller{};  ///< null for an open endpoint

  /// False: a body is not read.
  bool takes_body() const noexcept { return endpoint->method == Method::Post; }
};

/// All endpoints.
std::span<const AdminEndpoint> admin_endpoints() noexcept;

class Dispatcher {
 public:
  /// Both must outlive the dispatcher.
  Dispatcher(const AdminOptions& options, const AdminDependencies& dependencies);

  /// Judges the proof that a request presents. Once for each request: an unknown token counts, but
  /// not where none is needed.
  Identity identify(const Request& head);

  /// Returns the route of a request, by its head; or the refusal.
  std::expected<Route, Response> admit(const Request& head, const Identity& identity) const;

  /// Judges the client of a response that goes on again, after the roles have been replaced. The
  /// error is a sentence for the client, who may not read on.
  std::expected<void, std::string> recheck(const Request& head, Identity& identity) const {
    return gatekeeper_.recheck(head, identity);
  }

  /// Calls the handler. An exception in it, such as std::bad_alloc, is a 500.
  Response respond(const Route& route, Request request) const;

  /// The next requests are judged by these.
  void replace_roles(AdminRoles roles) { gatekeeper_.replace(std::move(roles)); }

  /// Only clients with a proof may use it.
  bool is_closed() const { return gatekeeper_.is_closed(); }

 private:
  std::optional<Refused> check(const AdminEndpoint& endpoint, const Request& head,
                               const Identity& identity) const;

  const Context context_;
  Gatekeeper gatekeeper_;
};

}  // namespace osproxy::admin
