// What the requests of one worker share. Everything here belongs to the worker's thread.
#pragma once

#include "osproxy/core/clock.h"
#include "osproxy/core/random.h"
#include "osproxy/directive/directive_set.h"
#include "osproxy/identify/identities.h"
#include "osproxy/net/asio_types.h"
#include "osproxy/net/deadlines.h"
#include "osproxy/net/object_pool.h"
#include "osproxy/net/tls_stream.h"
#include "osproxy/net/transfer_buffer.h"
#include "osproxy/observe/recorder.h"
#include "osproxy/proxy/exchange_scratch.h"
#include "osproxy/proxy/server_options.h"
#include "osproxy/snapshot/snapshot.h"
#include "osproxy/upstream/pool.h"

namespace osproxy {

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
  ObjectPool<ExchangeScratch> exchanges;
  UpstreamPool upstreams;
  TokenBucket signed_budget{};  ///< the worker's part of what one directive may record
  bool draining = false;        ///< every connection ends behind the request under way
};

}  // namespace osproxy
