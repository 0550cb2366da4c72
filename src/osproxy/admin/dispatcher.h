// Routes a request to its handler: the table of endpoints, and who may use each.
//
//   const Dispatcher dispatcher(options, dependencies);
//   auto route = dispatcher.admit(head);    // as soon as the head is complete
//   if (!route) return route.error();
//   Response response = dispatcher.respond(*route, request);
//
// Admission needs only the head, so that the body of a client without access is never read.
//
// Thread safety: every const member may be called from any thread.
#pragma once

#include <expected>
#include <string_view>

#include "osproxy/admin/handlers.h"
#include "osproxy/admin/message.h"

namespace osproxy::admin {

enum class Access : std::uint8_t {
  Open,     ///< probes and scrapers: no token, any Host
  Guarded,  ///< see access.h
};

struct AdminEndpoint {
  Method method;          ///< Get (also admits HEAD) or Post
  std::string_view path;  ///< exact, or with `{id}` as the last segment
  Access access;
  bool may_block;  ///< not on the thread that serves connections
  Response (*handler)(const Context&, const Request&, std::string_view id);
  std::string_view summary;  ///< for GET /
};

/// An endpoint as one request uses it.
struct Route {
  const AdminEndpoint* endpoint;
  std::string_view id;  ///< the segment at `{id}`; a view into the request's target
};

class Dispatcher {
 public:
  /// Both must outlive the dispatcher.
  Dispatcher(const AdminOptions& options, const AdminDependencies& dependencies);

  /// Returns the route of a request, by its head; or the refusal.
  std::expected<Route, Response> admit(const Request& head) const;

  /// Calls the handler. An exception in it, such as std::bad_alloc, is a 500.
  Response respond(const Route& route, const Request& request) const;

 private:
  const Context context_;
};

}  // namespace osproxy::admin
