// Collects records and counters from the workers, and lets the admin listener read them.
//
//   Observer observer({}, workers, {&record_log});
//   Recorder& recorder = observer.recorder(i);   // for worker i's thread only
//   auto records = observer.explain(request_id);  // from any thread
//
// Each worker has its own shard: counters on separate cache lines, a part of the explain store (by
// request id), and a part of the break-glass ring. The totals of ObserverOptions are divided evenly
// over the workers; a worker that serves most requests does not get more. A full store evicts the
// oldest records and counts them. Records also go to the sinks, such as the record log.
//
// Thread safety: a Recorder belongs to its worker's thread. All else may be called from any thread;
// a reader holds a shard's mutex while it copies one record or one pointer.
// Ownership: the observer owns the recorders, and must outlive the workers; the sinks must outlive
// the observer.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>
#include <vector>

#include "osproxy/directive/model.h"
#include "osproxy/observe/matched_request.h"
#include "osproxy/observe/output_totals.h"
#include "osproxy/observe/record_sink.h"
#include "osproxy/observe/recorder.h"
#include "osproxy/observe/totals.h"
#include "osproxy/record/record.h"

namespace osproxy {

class TenantNames;

/// Limits for the whole process. 0 turns an output off; else each worker has room for at least one
/// record.
struct ObserverOptions {
  std::size_t explain_max_records = 10'000;
  std::size_t explain_max_bytes = 16 << 20;  ///< memory of the stored records
  std::size_t ring_records = 1'000;
  std::size_t why_requests = 10'000;  ///< recorded or not; 320 bytes each
  std::size_t metrics_tenants = 0;    ///< names that have counters; see tenants()
};

class Observer {
 public:
  /// `workers` must be at least 1.
  Observer(const ObserverOptions& options, std::size_t workers,
           std::vector<RecordSink*> sinks = {});
  ~Observer();
  Observer(const Observer&) = delete;
  Observer& operator=(const Observer&) = delete;

  /// False for an output that the options turned off.
  bool keeps_explain() const noexcept {
    return options_.explain_max_records > 0 && options_.explain_max_bytes > 0;
  }
  bool keeps_ring() const noexcept { return options_.ring_records > 0; }

  bool keeps_why() const noexcept { return options_.why_requests > 0; }

  /// The recorder of a worker; the first is 0.
  Recorder& recorder(std::size_t worker) noexcept;

  /// So many records or requests with one id are shown of each kind: those that somebody vouches
  /// for, and the others. Ids are a client's to choose, and thousands may have the same.
  static constexpr std::size_t kMaxOfOneId = 8;

  /// The records with that request id that are still stored. First come those that somebody vouches
  /// for: the principal is verified, or a node accepted the request, with any status but 401.
  /// Within each kind the newest come first. A client that reuses an id thus hides no record.
  std::vector<Record> explain(std::string_view request_id) const;

  /// The newest records of the break-glass ring, newest first by `started`, at most `limit`.
  std::vector<Record> breakglass(std::size_t limit) const;

  /// The requests with that id that are still remembered, recorded or not; ordered and bounded as
  /// the records of explain() are.
  std::vector<RememberedRequest> remembered(std::string_view request_id) const;

  /// Sums over all workers. They are not a consistent snapshot: a request that ends meanwhile may
  /// be in one sum and not yet in another.
  ObserverTotals totals() const noexcept;

  /// The requests of each tenant that has a place (shards/tenant_counters.h), and of all others
  /// under kOtherTenants. Empty if the options give no places.
  std::vector<TenantTotals> tenants() const;

  /// The totals of each output: the explain store, the ring, each sink.
  std::vector<NamedTotals> outputs() const;

 private:
  class Worker;

  const ObserverOptions options_;
  const std::vector<RecordSink*> sinks_;
  const std::unique_ptr<TenantNames> tenants_;  // null: no places
  const std::vector<std::unique_ptr<Worker>> workers_;
};

}  // namespace osproxy
