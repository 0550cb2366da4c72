// One request passed on and its response passed back, streamed both ways.
//
//   Exchange exchange(worker, client, head, diagnostics);
//   switch (co_await exchange.run()) { … }          // what becomes of the client's connection
//
// The request goes upstream as it comes in, and the response to the client as it comes in, at the
// same time: a response may come before the request's end. Neither body is ever held whole.
//
// A request is sent again, once, only if the connection was closed before a byte of a response
// came, all of the request is still here, and it may be repeated: after a kept connection if its
// method is idempotent (RFC 9110, section 9.2.2), after a new one, on another node, if it is safe
// (9.2.1). Nothing else is ever sent twice.
//
// Belongs to its worker. `client`'s input must begin with the head; run() consumes what belongs to
// the request.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "osproxy/http/body.h"
#include "osproxy/http/head.h"
#include "osproxy/net/connection.h"
#include "osproxy/net/object_pool.h"
#include "osproxy/proxy/body_transfer.h"
#include "osproxy/proxy/request_diagnostics.h"
#include "osproxy/proxy/worker_context.h"
#include "osproxy/upstream/pool.h"

namespace osproxy {

/// What becomes of the client's connection.
enum class ClientNext : std::uint8_t {
  KeepAlive,        ///< it is ready for the next request
  CloseGracefully,  ///< the response is sent; some of the request may not have been read
  CloseNow,         ///< there is nobody to be polite to, or the response must not look complete
};

class Exchange {
 public:
  /// `forwarding` is the connection's; null: OpenSearch is told nothing of the client.
  Exchange(WorkerContext& worker, Connection& client, const http::RequestHead& head,
           RequestDiagnostics& diagnostics, const http::Forwarding* forwarding);
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  Task<ClientNext> run();

 private:
  enum class Outcome : std::uint8_t {
    Complete,   // the response was passed on whole
    Failed,     // diagnostics.facts.error says why; nothing was sent to the client
    Broken,     // as Failed, but a part of the response was sent
    SendAgain,  // nothing came back, and it is safe
  };

  bool take_body();
  bool is_too_large() const noexcept;
  Task<Outcome> send_until_answered();
  void give_up();
  Task<Outcome> send_to(UpstreamPool::Lease& lease);
  Task<Outcome> send_on(UpstreamPool::Lease& lease, error_code error);
  Task<> send_rest(Connection& upstream);
  Task<Outcome> receive(UpstreamPool::Lease& lease);
  Task<Outcome> receive_head(UpstreamPool::Lease& lease);
  Task<Outcome> pass_on_body(UpstreamPool::Lease& lease);
  Task<bool> pass_on_interim(Connection& upstream);
  Outcome no_response(UpstreamPool::Lease& lease);
  bool may_send_again(const UpstreamPool::Lease& lease) noexcept;
  bool may_repeat(bool (*method)(std::string_view)) const noexcept;
  void cut_off(UpstreamPool::Lease& lease);
  http::ProxyError unless_late(http::ProxyError error) const noexcept;
  http::Framing framing_to_client() const noexcept;
  void upload_failed(http::ProxyError error, Connection& upstream);

  Task<ClientNext> refuse();
  void consume_request();

  WorkerContext& worker_;
  const ServerOptions& options_;
  Connection& client_;
  const http::RequestHead& head_;
  RequestDiagnostics& diagnostics_;
  const http::Forwarding* const forwarding_;

  http::BodyReader body_;           // of the request
  std::size_t received_ = 0;        // bytes behind the head that belong to the request
  std::string_view first_payload_;  // of the body, received with the head
  std::string leftover_;            // received behind the request while it was streamed
  bool came_whole_ = false;  // the request was here, to its last byte, before anything was sent
  bool sent_whole_ = false;  // the request, to its last byte
  bool sending_ = false;     // send_rest() is at work
  http::ProxyError upload_error_ = http::ProxyError::None;
  TlsFailure tls_failure_ = TlsFailure::Other;  // with ProxyError::UpstreamTls

  UpstreamPool::AcquireRequest acquire_request_;
  bool sent_again_ = false;
  bool heard_ = false;              // something that answers has come, if only a 1xx
  Connection* upstream_ = nullptr;  // while a lease is held
  std::optional<Deadline> limit_;   // for all of it
  bool late_ = false;               // it is over

  http::Framing client_framing_ = http::Framing::None;
  bool close_client_ = false;
  bool reset_client_ = false;  // a close would look like the end of the response

  const PooledObject<ExchangeScratch> scratch_;
  http::ResponseHead& response_;
  std::string& head_out_;
  std::optional<OutgoingPiece> first_piece_;  // of the request: its head, and what came with it
};

}  // namespace osproxy
