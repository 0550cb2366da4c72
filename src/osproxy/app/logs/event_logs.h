// The logs of the events of one instance. Each writes a line when something changes, and none while
// it stays the same: a lasting state is in /admin/status and the metrics.
//
// Thread safety: `store`, `tls` and `refusals` may be used from any thread; the others have one
// owner.
#pragma once

#include "osproxy/app/logs/capture_log.h"
#include "osproxy/app/logs/otlp_log.h"
#include "osproxy/app/logs/refusal_log.h"
#include "osproxy/app/logs/signed_log.h"
#include "osproxy/app/logs/store_log.h"
#include "osproxy/app/logs/thinning_log.h"
#include "osproxy/app/logs/tls_log.h"
#include "osproxy/app/logs/upstream_log.h"

namespace osproxy::app {

struct EventLogs {
  /// `clock` must outlive the logs.
  explicit EventLogs(const Clock& clock) : store(clock), tls(clock), refusals(clock) {}

  StoreLog store;
  TlsLog tls;
  RefusalLog refusals;
  UpstreamLog upstream;
  ThinningLog thinning;
  SignedLog signed_directives;
  OtlpLog otlp;
  CaptureLog capture;
};

}  // namespace osproxy::app
