// One client's connection: its requests, one after the other, until it is closed.
//
// Belongs to its worker, which owns it and outlives it.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "osproxy/core/cidr.h"
#include "osproxy/core/clock.h"
#include "osproxy/http/error_response.h"
#include "osproxy/http/forwarding.h"
#include "osproxy/http/head.h"
#include "osproxy/identify/attributes.h"
#include "osproxy/net/asio_types.h"
#include "osproxy/net/connection.h"
#include "osproxy/proxy/client_peer.h"
#include "osproxy/proxy/request_diagnostics.h"
#include "osproxy/proxy/worker_context.h"

namespace osproxy {

class Session {
 public:
  Session(WorkerContext& worker, Socket socket, const IpAddress& peer);
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  /// Reads the header of the PROXY protocol, which comes before anything else, within `timeout`.
  /// False: there is no valid one, which is counted, and the connection is to be closed.
  Task<bool> receive_proxy_header(std::chrono::milliseconds timeout);

  /// The client's address: the peer's, or the one that the PROXY protocol names.
  const IpAddress& client() const noexcept { return address_; }

  /// Serves the connection until it is closed.
  Task<> run();

  /// Refuses the connection instead, by a response with that reason to its first request. Without
  /// `responds` it is only counted and recorded.
  Task<> turn_away(std::string_view reason, bool responds);

  /// The server drains: ends the connection if no request is under way, and none comes soon.
  void close_if_idle() noexcept;

 private:
  enum class Arrival : std::uint8_t { Head, Gone, Refused };

  void set_client(const IpAddress& address);
  Task<bool> secure();
  Task<Arrival> receive_head();
  std::chrono::milliseconds idle_timeout() const noexcept;
  ClientPeer peer() const noexcept;
  Task<> refuse(int status, http::ProxyError error, std::string_view reason);
  Task<bool> serve();
  Task<bool> respond_as_last(RequestDiagnostics& diagnostics, ExchangeResult& result);

  WorkerContext& worker_;
  Connection client_;
  IpAddress address_;  // of the client
  std::string address_text_;
  bool is_trusted_;  // it is a trusted proxy, and its headers name clients
  AttributeScratch scratch_;
  std::optional<http::Forwarding>
      forwarding_;          // what OpenSearch is told of the client; nullopt: nothing
  http::RequestHead head_;  // of the request under way; keeps its memory for the next one
  Now started_{};           // its first byte was seen
  bool idle_ = true;        // between two requests
};

}  // namespace osproxy
