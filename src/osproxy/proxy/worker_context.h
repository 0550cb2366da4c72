// The objects that the connections of one worker share. All of it belongs to the worker's thread.
#pragma once

#include "osproxy/core/clock.h"
#include "osproxy/core/stall_log.h"
#include "osproxy/http/date.h"
#include "osproxy/net/asio_types.h"
#include "osproxy/net/deadlines.h"
#include "osproxy/net/object_pool.h"
#include "osproxy/net/tls_stream.h"
#include "osproxy/net/transfer_buffer.h"
#include "osproxy/net/turn_queue.h"
#include "osproxy/proxy/diagnostics_context.h"
#include "osproxy/proxy/exchange.h"
#include "osproxy/proxy/exchange_options.h"
#include "osproxy/proxy/exchange_scratch.h"
#include "osproxy/proxy/proxy_protocol_counters.h"
#include "osproxy/proxy/server_options.h"
#include "osproxy/proxy/upload_slots.h"
#include "osproxy/snapshot/snapshot.h"
#include "osproxy/upstream/pool.h"

namespace osproxy {

/// Members: one for each thing that the connections share.
struct WorkerContext {
  const ServerOptions& options;
  const ExchangeOptions exchange_options;
  const Clock& clock;
  StallLog stalls{};
  SnapshotReader<TlsContexts> tls_contexts;
  TlsWorker tls;
  DiagnosticsContext diagnostics;
  Deadlines deadlines;
  TurnQueue turns;
  UploadSlots upload_slots;
  TransferBuffers buffers{};
  ObjectPool<ExchangeScratch> scratch;
  UpstreamPool upstreams;
  ProxyProtocolCounters proxy_protocol{};
  http::DateText date{};     ///< as of the last tick
  bool draining = false;     ///< every connection ends after the request under way
  bool closes_idle = false;  ///< and an idle one does soon

  const Exchange::Dependencies exchange{.options = exchange_options,
                                        .deadlines = deadlines,
                                        .turns = turns,
                                        .upload_slots = upload_slots,
                                        .buffers = buffers,
                                        .scratch = scratch,
                                        .upstreams = upstreams,
                                        .date = date,
                                        .draining = draining};
};

}  // namespace osproxy
