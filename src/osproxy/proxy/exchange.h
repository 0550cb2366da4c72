// One request passed on to a node and its response passed back, streamed both ways.
//
//   Exchange exchange(dependencies, client, head, forwarding, diagnostics, result);
//   const ClientNext next = co_await exchange.run();
//   diagnostics.finish();
//   if (next == ClientNext::KeepAlive) exchange.consume_request();
//
// The request goes upstream as it comes in (request_upload.h) and the response to the client as it
// comes in (response_relay.h), at the same time. The exchange itself chooses the connection, keeps
// the time limit, and sends the request again where retry_policy.h allows it. Nothing else is ever
// sent twice. If no node gives a response, the exchange gives its own (refusal.h).
//
// Belongs to its worker. The client's input must begin with the head.
#pragma once

#include <cstdint>
#include <optional>

#include "osproxy/http/date.h"
#include "osproxy/http/head.h"
#include "osproxy/net/asio_types.h"
#include "osproxy/net/connection.h"
#include "osproxy/net/deadlines.h"
#include "osproxy/net/object_pool.h"
#include "osproxy/net/transfer_buffer.h"
#include "osproxy/net/turn_queue.h"
#include "osproxy/proxy/exchange_options.h"
#include "osproxy/proxy/exchange_result.h"
#include "osproxy/proxy/exchange_scope.h"
#include "osproxy/proxy/exchange_scratch.h"
#include "osproxy/proxy/exchange_watch.h"
#include "osproxy/proxy/request_diagnostics.h"
#include "osproxy/proxy/request_upload.h"
#include "osproxy/proxy/response_relay.h"
#include "osproxy/proxy/retry_policy.h"
#include "osproxy/upstream/pool.h"

namespace osproxy {

/// The next step for the client's connection.
enum class ClientNext : std::uint8_t {
  KeepAlive,        ///< it is ready for the next request, after consume_request()
  CloseGracefully,  ///< the response is sent, and the request is read
  CloseAfterBody,   ///< the response is sent; the client may still be sending its request
  CloseNow,         ///< the client is gone, or the response must not look complete
};

class Exchange {
 public:
  /// References to the worker's objects, which must outlive the exchange.
  struct Dependencies {
    const ExchangeOptions& options;
    Deadlines& deadlines;
    TurnQueue& turns;
    UploadSlots& upload_slots;
    TransferBuffers& buffers;
    ObjectPool<ExchangeScratch>& scratch;
    UpstreamPool& upstreams;
    const http::DateText& date;
    const bool& draining;  ///< connections end after the response under way
  };

  /// `forwarding` is the connection's; null: OpenSearch is told nothing of the client.
  Exchange(const Dependencies& dependencies, Connection& client, const http::RequestHead& head,
           const http::Forwarding* forwarding, RequestDiagnostics& diagnostics,
           ExchangeResult& result);
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  Task<ClientNext> run();

  /// Takes the request off the client's input. Views into its head are void afterwards.
  void consume_request() { upload_.consume(); }

 private:
  Task<AttemptOutcome> send_until_response();
  Task<AttemptOutcome> attempt(UpstreamPool::Lease& lease);
  Task<AttemptOutcome> go_on(UpstreamPool::Lease& lease, error_code error);
  bool may_send_again(const UpstreamPool::Lease& lease) noexcept;
  Task<ClientNext> refuse();
  ClientNext close() const noexcept;

  const Dependencies& dependencies_;
  const PooledObject<ExchangeScratch> scratch_;
  ExchangeWatch watch_;
  const ExchangeScope scope_;
  UpstreamPool::AcquireRequest acquire_request_;
  RequestUpload upload_;
  ResponseRelay relay_;
  std::optional<RetryPolicy> retry_policy_;  // known once the upload has begun
};

}  // namespace osproxy
