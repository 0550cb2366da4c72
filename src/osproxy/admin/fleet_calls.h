// Asks all instances of the fleet the same question, for a client that talks to this one only: a
// browser cannot reach the others, and must not send them its token.
//
//   FleetCall question{.path = "/admin/top", .query = "by=tenant", .own = get_top};
//   for (const FleetResponse& one : ask_fleet(context, request, question)) {
//     if (one.error.empty()) add(one.instance, one.body);
//   }
//
// This instance responds by a function call. The others get the client's token and the name of the
// instance that is meant, as osproxyctl --fleet sends them, at the URL of their ack. An ack is
// another process's text, so with a token, only hosts of --admin-fleet-hosts are asked.
//
// It blocks, within kFleetTimeout and the timeout of one call, for a lane that may. Thread safety:
// any thread may call it.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "osproxy/admin/handlers.h"
#include "osproxy/admin/message.h"

namespace osproxy::admin {

/// An instance that is well responds in milliseconds; a person waits for those that are not.
inline constexpr std::chrono::milliseconds kCallTimeout{2'000};

/// After so long no further instance is asked.
inline constexpr std::chrono::milliseconds kFleetTimeout{3'000};

/// Instances that are asked at once, each by a thread.
inline constexpr std::size_t kMaxParallelCalls = 8;

/// More are named as not asked: their responses would take too much memory. osproxyctl --fleet asks
/// all.
inline constexpr std::size_t kMaxAskedInstances = 64;

/// Of one response of another instance.
inline constexpr std::size_t kMaxFleetResponseBytes = std::size_t{1} << 20;

struct FleetCall {
  std::string_view path;
  std::string query{};
  Response (*own)(const Context&, const Request&, std::string_view);
};

struct FleetResponse {
  std::string instance{};
  std::string url{};    ///< of its admin listener; empty: not known
  std::string body{};   ///< of a 200
  std::string error{};  ///< why there is none, for a person; empty: there is one
  int status = 0;       ///< 0: none came
};

/// The first response is that of this instance; the others have the order of the fleet.
std::vector<FleetResponse> ask_fleet(const Context& context, const Request& request,
                                     const FleetCall& question);

/// `[{"admin":"http://…","instance":"proxy-1","error":null},…]`, as osproxyctl prints it.
std::string instances_json(const std::vector<FleetResponse>& responses);

}  // namespace osproxy::admin
