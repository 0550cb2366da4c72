#include "osproxy/admin/fleet_calls.h"

#include <algorithm>
#include <atomic>
#include <expected>
#include <optional>
#include <thread>
#include <utility>

#include <fmt/format.h>

#include "osproxy/client/http_call.h"
#include "osproxy/core/duration.h"
#include "osproxy/core/encoding.h"
#include "osproxy/core/json_writer.h"
#include "osproxy/core/visible_text.h"
#include "osproxy/store/admin_url.h"

namespace osproxy::admin {
namespace {

using std::chrono::steady_clock;

/// An instance to ask, and where its response goes.
struct Asked {
  FleetResponse response;
  Origin origin;
};

std::expected<Origin, std::string> address_of(const FleetMember& member,
                                              const AdminOptions& options, bool sends_token) {
  const FleetHosts& hosts = options.fleet_hosts;
  if (!member.ack) return std::unexpected(member.why);
  if (member.ack->admin.empty()) {
    return std::unexpected("its ack has no admin address: it needs --admin-advertise");
  }
  auto origin = parse_admin_url(member.ack->admin);
  if (!origin) return std::unexpected("its ack's admin address: " + origin.error());
  if (sends_token && hosts.are_all()) {
    return std::unexpected("the token is sent to no host: --admin-fleet-hosts names none");
  }
  if (!hosts.contains(origin->address.host)) {
    return std::unexpected(origin->to_string() + " is not among --admin-fleet-hosts");
  }
  // A fleet whose listeners speak TLS would not send its tokens in clear; an ack could ask for it.
  if (sends_token && options.tls != nullptr && !origin->tls) {
    return std::unexpected(origin->to_string() + " has no TLS: the token is not sent there");
  }
  return origin;
}

std::vector<Asked> others_of(const Fleet& fleet, const AdminOptions& options,
                             const Request& request) {
  const bool sends_token = request.authorization.has_value();
  std::vector<Asked> all;
  std::size_t asked = 0;
  for (const FleetMember& member : fleet.members) {
    if (member.instance == options.instance) continue;
    Asked& one = all.emplace_back();
    one.response.instance = member.instance;
    auto origin = address_of(member, options, sends_token);
    if (request.caller->is_bound()) {
      // An instance that knows no tenants of callers would respond with those of all.
      one.response.error = "not asked: the caller is bound to tenants; osproxyctl --fleet asks it";
    } else if (!origin) {
      one.response.error = "not asked: " + origin.error();
    } else if (++asked > kMaxAskedInstances) {
      one.response.error =
          fmt::format("not asked: the fleet has more than {} instances", kMaxAskedInstances);
    } else {
      one.response.url = origin->to_string();
      one.origin = *std::move(origin);
    }
  }
  return all;
}

client::HttpRequest make_request(const Request& request, const FleetCall& question,
                                 std::string_view instance) {
  const bool is_post = request.method == Method::Post;
  client::HttpRequest made{.method = is_post ? "POST" : "GET",
                           .target = std::string(question.path)};
  if (!question.query.empty()) made.target.append("?").append(question.query);
  if (request.authorization) made.set("Authorization", *request.authorization);
  made.set("Osproxy-Instance", percent_encode(instance));
  if (is_post) made.body = std::string(request.body);
  return made;
}

void ask(Asked& one, const Request& request, const FleetCall& question, const std::string& roots) {
  FleetResponse& response = one.response;
  auto received = client::http_call(one.origin, make_request(request, question, response.instance),
                                    {.timeout = kCallTimeout,
                                     .max_response_bytes = kMaxFleetResponseBytes,
                                     .tls = {.roots = roots}});
  if (!received) {
    response.error = received.error().fault == client::HttpFault::TimedOut
                         ? fmt::format("no response within {}", format_duration(kCallTimeout))
                         : received.error().reason;
    return;
  }
  response.status = received->status;
  if (received->status == 200) {
    response.body = std::move(received->body);
  } else {
    response.error = fmt::format("its response has the status {}", received->status);
  }
}

// Several at a time; each thread takes the next one.
void ask_all(std::vector<Asked>& all, const Request& request, const FleetCall& question,
             const std::string& roots) {
  std::atomic<std::size_t> next{0};
  const auto end = steady_clock::now() + kFleetTimeout;
  const auto work = [&] {
    // relaxed: only hands out indices; the results are published by the join below
    for (std::size_t i = 0; (i = next.fetch_add(1, std::memory_order_relaxed)) < all.size();) {
      if (!all[i].response.error.empty()) continue;
      if (steady_clock::now() >= end) {
        all[i].response.error = "not asked in time";
      } else {
        ask(all[i], request, question, roots);
      }
    }
  };
  std::vector<std::jthread> threads(std::min(kMaxParallelCalls, all.size()));
  for (std::jthread& thread : threads) thread = std::jthread(work);
  threads.clear();  // joins
}

FleetResponse ask_itself(const Context& context, const Request& request,
                         const FleetCall& question) {
  Request own = request;
  const std::string target = std::string(question.path).append("?").append(question.query);
  own.target = target;
  Response response = question.own(context, own, {});
  FleetResponse made{
      .instance = context.options.instance,
      .url = context.dependencies.admin_url ? context.dependencies.admin_url() : std::string(),
      .body = std::move(response.body),
      .status = response.status};
  if (made.status != 200) made.error = fmt::format("its response has the status {}", made.status);
  return made;
}

}  // namespace

std::vector<FleetResponse> ask_fleet(const Context& context, const Request& request,
                                     const FleetCall& question) {
  std::vector<FleetResponse> responses;
  responses.push_back(ask_itself(context, request, question));
  // A question that this instance refuses is no question for the others.
  if (responses.front().status == 400 || context.dependencies.fleet == nullptr) return responses;
  const auto fleet = context.dependencies.fleet->read();
  if (!fleet) {
    responses.push_back({.error = "the fleet is not known: " + fleet.error()});
    return responses;
  }
  std::vector<Asked> others = others_of(*fleet, context.options, request);
  ask_all(others, request, question, context.options.fleet_ca);
  for (Asked& one : others) responses.push_back(std::move(one.response));
  if (fleet->left_out > 0) {
    responses.push_back({.error = fmt::format("{} more instances are not asked: the fleet is too "
                                              "large",
                                              fleet->left_out)});
  }
  return responses;
}

std::string instances_json(const std::vector<FleetResponse>& responses) {
  JsonWriter json;
  json.begin_array();
  for (const FleetResponse& one : responses) {
    json.begin_object().field_or_null("admin", one.url).field_or_null("instance", one.instance);
    json.field_or_null("error", one.error).end_object();
  }
  json.end_array();
  return std::move(json).take();
}

}  // namespace osproxy::admin
