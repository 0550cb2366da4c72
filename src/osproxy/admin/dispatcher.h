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

#include <cstddef>
#include <cstdint>
#include <expected>
#include <string_view>

#include "osproxy/admin/handlers.h"
#include "osproxy/admin/message.h"

namespace osproxy::admin {

enum class Access : std::uint8_t {
  Open,     ///< probes, scrapers, the files of the console: no token
  Guarded,  ///< see access.h
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
  Lane lane;
  Response (*handler)(const Context&, const Request&, std::string_view id);
  std::string_view summary;  ///< for GET /admin
};

/// An endpoint as one request uses it.
struct Route {
  const AdminEndpoint* endpoint;
  std::string_view id;  ///< the segment at `{id}`; a view into the request's target

  /// False: a body is not read.
  bool takes_body() const noexcept { return endpoint->method == Method::Post; }
};

class Dispatcher {
 public:
  /// Both must outlive the dispatcher.
  Dispatcher(const AdminOptions& options, const AdminDependencies& dependencies);

  /// Returns the route of a request, by its head; or the refusal.
  std::expected<Route, Response> admit(const Request& head) const;

  /// The request presents the token.
  bool is_trusted(const Request& head) const noexcept;

  /// Calls the handler. An exception in it, such as std::bad_alloc, is a 500.
  Response respond(const Route& route, const Request& request) const;

 private:
  const Context context_;
};

}  // namespace osproxy::admin
