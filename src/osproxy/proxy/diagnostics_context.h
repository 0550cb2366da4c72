// The objects and options that the diagnostics of all requests of one worker share.
#pragma once

#include <chrono>

#include "osproxy/core/clock.h"
#include "osproxy/core/random.h"
#include "osproxy/core/single_writer_counter.h"
#include "osproxy/core/stall_log.h"
#include "osproxy/core/token_bucket.h"
#include "osproxy/directive/directive_set.h"
#include "osproxy/identify/identities.h"
#include "osproxy/identify/tenant_rule.h"
#include "osproxy/observe/recorder.h"
#include "osproxy/proxy/running_list.h"
#include "osproxy/proxy/upstream_ids.h"
#include "osproxy/record/client_fields.h"
#include "osproxy/snapshot/snapshot.h"

namespace osproxy {

class CaptureWriter;
class CursorTable;
class FlightShard;

/// server_options.h has the defaults and says what each is.
struct DiagnosticsOptions {
  TenantRule tenant;
  TokenRate directive_budget{};
  TokenRate signed_budget{};  ///< the worker's part of directive_budget, for signed directives
  std::chrono::seconds max_life{};
  CaptureWriter* capture = nullptr;
  bool spans = false;
  UpstreamIds upstream_ids{};
  bool publishes_address = false;
  ClientFields client_fields{};
  CursorTable* cursors = nullptr;
};

/// Belongs to the worker's thread.
struct DiagnosticsContext {
  const DiagnosticsOptions options;
  const Clock& clock;
  const StallLog& stalls;
  Recorder& recorder;
  FlightShard* flight;  ///< null: no samples are kept
  SnapshotReader<DirectiveSet> directives;
  SnapshotReader<Identities> identities;
  TokenHasher hasher{};
  Random random;
  TokenBucket signed_bucket{};     ///< what signed directives may record
  TokenBucket bulk_reads{};        ///< the responses of bulks with failed items that may be read
  SingleWriterCounter sniffing{};  ///< see Server::sniffing_requests()
  RunningList running{};           ///< the requests under way
};

}  // namespace osproxy
