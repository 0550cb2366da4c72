// The response's way from a node to the client, streamed: interim responses, the head, the body.
//
//   ResponseRelay relay(scope, upload, response, draining);
//   AttemptOutcome outcome = co_await relay.run(lease);   // once for each attempt
//
// Runs at the same time as the upload: a response may come before the request's end. Neither body
// is ever held whole. Tells the lease what the node did, and ends it when the response is here: its
// connection is kept if both messages came to their ends.
//
// Belongs to its worker; what it refers to must outlive it.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "osproxy/http/body.h"
#include "osproxy/http/head.h"
#include "osproxy/net/asio_types.h"
#include "osproxy/net/connection.h"
#include "osproxy/net/input_buffer.h"
#include "osproxy/proxy/body_transfer.h"
#include "osproxy/proxy/exchange_scope.h"
#include "osproxy/proxy/failed_attempt.h"
#include "osproxy/proxy/published_address.h"
#include "osproxy/proxy/request_upload.h"
#include "osproxy/upstream/pool.h"

namespace osproxy {

/// How an attempt ended.
enum class AttemptOutcome : std::uint8_t {
  Complete,    ///< the response was passed on whole, to its last byte
  Failed,      ///< the result's error says why; nothing was sent to the client
  Broken,      ///< as Failed, but a part of a response was sent, if only an interim one
  Unanswered,  ///< the connection was closed before a byte came; the error is not set yet
};

class ResponseRelay {
 public:
  /// `response` is where heads are read to, with the memory of earlier ones. `draining`:
  /// connections end after the response.
  ResponseRelay(const ExchangeScope& scope, RequestUpload& upload, http::ResponseHead& response,
                const bool& draining)
      : scope_(scope), upload_(upload), response_(response), draining_(draining) {}
  ResponseRelay(const ResponseRelay&) = delete;
  ResponseRelay& operator=(const ResponseRelay&) = delete;

  /// Receives the response of this attempt and passes it on.
  Task<AttemptOutcome> run(UpstreamPool::Lease& lease);

  /// Begins an attempt: forgets what came in an earlier one.
  void begin_attempt() noexcept { heard_ = false; }

  /// The connection failed, or was ended, before a response's head was whole.
  AttemptOutcome no_response(UpstreamPool::Lease& lease);

  /// An Unanswered attempt is the last one: sets the error, and tells the lease.
  void blame_closed(UpstreamPool::Lease& lease);

  /// The client's connection cannot be used again after this response.
  bool closes_client() const noexcept { return closes_client_; }

  /// A response that broke off must end by a reset: a close would look like its end.
  bool needs_reset() const noexcept { return needs_reset_; }

 private:
  Task<std::optional<AttemptOutcome>> receive_head(UpstreamPool::Lease& lease);
  std::chrono::milliseconds first_byte_timeout() const noexcept;
  std::chrono::milliseconds time_until(SteadyClock::time_point end) const noexcept;
  Task<bool> pass_on_interim(Connection& upstream);
  Task<std::optional<AttemptOutcome>> replace_nodes_addresses(UpstreamPool::Lease& lease);
  void replace_body(InputBuffer& input, const WholeBody& received);
  void parse_head_again(std::string_view bytes);
  Task<AttemptOutcome> pass_on_body(UpstreamPool::Lease& lease);
  void write_head();
  http::Framing framing_to_client() const noexcept;
  std::chrono::milliseconds patience() const noexcept;
  Task<error_code> write_rest(OutgoingPiece& piece);
  void note_sent(std::string_view payload, const std::string* upstream);
  void note_unacknowledged();
  void cut_off(UpstreamPool::Lease& lease);
  void finish(UpstreamPool::Lease& lease, bool nothing_after);
  void blame(UpstreamPool::Lease& lease, const FailedAttempt& attempt);

  const ExchangeScope& scope_;
  RequestUpload& upload_;
  http::ResponseHead& response_;
  const bool& draining_;

  http::Framing framing_ = http::Framing::None;  // towards the client
  bool heard_ = false;                           // a head has come, if only an interim one
  bool has_new_body_ = false;                    // in place of the node's
  bool closes_client_ = false;
  bool needs_reset_ = false;
};

}  // namespace osproxy
