// The objects that the parts of one exchange share: its two sides, its options, and its result.
#pragma once

#include <string>

#include "osproxy/http/date.h"
#include "osproxy/http/forwarding.h"
#include "osproxy/http/head.h"
#include "osproxy/http/head_writer.h"
#include "osproxy/net/connection.h"
#include "osproxy/net/transfer_buffer.h"
#include "osproxy/net/turn_queue.h"
#include "osproxy/proxy/exchange_options.h"
#include "osproxy/proxy/exchange_result.h"
#include "osproxy/proxy/exchange_watch.h"
#include "osproxy/proxy/request_diagnostics.h"
#include "osproxy/proxy/upload_slots.h"

namespace osproxy {

/// References: the exchange that makes it outlives its parts.
struct ExchangeScope {
  const ExchangeOptions& options;
  TransferBuffers& buffers;
  TurnQueue& turns;
  UploadSlots& upload_slots;
  const http::DateText& date;  ///< for a response without one
  Connection& client;          ///< its input begins with the head
  const http::RequestHead& head;
  http::RequestRewrite rewrite;  ///< the changes that osproxy makes to the request's head
  /// Takes the place of the nodes' addresses in the response; null: the response stays unchanged.
  const std::string* publish_address;
  std::string& head_out;  ///< where outgoing heads are written
  ExchangeWatch& watch;
  RequestDiagnostics& diagnostics;
  ExchangeResult& result;
};

}  // namespace osproxy
