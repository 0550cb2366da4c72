// What the requests of one worker share. Everything here belongs to the worker's thread.
#pragma once

#include "osproxy/core/clock.h"
#include "osproxy/core/random.h"
#include "osproxy/directive/directive_set.h"
#include "osproxy/http/asio_types.h"
#include "osproxy/http/deadlines.h"
#include "osproxy/http/exchange_scratch.h"
#include "osproxy/http/identities.h"
#include "osproxy/http/loan.h"
#include "osproxy/http/server_options.h"
#include "osproxy/http/tls_stream.h"
#include "osproxy/http/transfer_buffer.h"
#include "osproxy/http/upstream_pool.h"
#include "osproxy/observe/recorder.h"
#include "osproxy/snapshot/snapshot.h"

namespace osproxy::http {

struct WorkerContext {
  const ServerOptions& options;
  const Clock& clock;
  SnapshotReader<DirectiveSet> directives;
  SnapshotReader<Identities> identities;
  TokenHasher hasher;
  SnapshotReader<TlsContexts> tls_contexts;
  TlsWorker tls;
  Recorder& recorder;
  Random random;
  Deadlines deadlines;
  TransferBuffers buffers{};
  Spares<ExchangeScratch> exchanges;
  UpstreamPool upstreams;
  TokenBucket signed_budget{};  ///< the worker's part of what one directive may record
  bool draining = false;        ///< every connection ends behind the request under way
};

}  // namespace osproxy::http
