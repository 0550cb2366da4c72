#include "osproxy/observe/observer.h"

#include <algorithm>
#include <cassert>
#include <mutex>
#include <new>
#include <utility>

#include "osproxy/core/random.h"
#include "osproxy/directive/record_budget.h"
#include "osproxy/observe/shards/decision_ring.h"
#include "osproxy/observe/shards/explain_shard.h"
#include "osproxy/observe/shards/owner_thread_allocator.h"
#include "osproxy/observe/shards/ring_shard.h"
#include "osproxy/observe/shards/tenant_counters.h"
#include "osproxy/observe/shards/worker_counters.h"

namespace osproxy {
namespace {

// One worker's part of a total; 0 only if the total is 0.
std::size_t part(std::size_t total, std::size_t workers) {
  return total == 0 ? 0 : std::max<std::size_t>(total / workers, 1);
}

// Records that a reader compares with a shard's mutex held: some microseconds.
constexpr std::size_t kLookedAtAtOnce = 16;

// As directive/record_budget.h judges requests; osproxy's own refusals name no node.
bool is_vouched_for(const Record& record) noexcept {
  return record.principal_verified ||
         (!record.upstream.empty() && is_authorized(record.endpoint, record.status));
}

bool is_vouched_for(const RememberedRequest& request) noexcept {
  return is_vouched_for(request.attributes(), request.outcome);
}

// Sorts those that somebody vouches for before the others, the newest of each kind first, and keeps
// kMaxOfOneId of each.
template <class Found, class Started>
void sort_and_bound(std::vector<Found>& found, Started started) {
  std::ranges::stable_sort(found, std::ranges::greater(), [&](const Found& one) {
    return std::pair(is_vouched_for(one), started(one));
  });
  std::size_t room[2] = {Observer::kMaxOfOneId, Observer::kMaxOfOneId};
  std::erase_if(found, [&](const Found& one) {
    std::size_t& left = room[is_vouched_for(one) ? 1 : 0];
    if (left == 0) return true;
    --left;
    return false;
  });
}

ObserverOptions share_of_worker(const ObserverOptions& totals, std::size_t workers) {
  return {.explain_max_records = part(totals.explain_max_records, workers),
          .explain_max_bytes = part(totals.explain_max_bytes, workers),
          .ring_records = part(totals.ring_records, workers),
          .why_requests = part(totals.why_requests, workers)};
}

}  // namespace

class Observer::Worker final : public Recorder {
 public:
  /// `tenants` may be null.
  Worker(const ObserverOptions& part, SipKey key, const std::vector<RecordSink*>& sinks,
         TenantNames* tenants)
      : sinks_(sinks),
        explain_on_(part.explain_max_records > 0 && part.explain_max_bytes > 0),
        ring_on_(part.ring_records > 0),
        explain_({.max_records = part.explain_max_records, .max_bytes = part.explain_max_bytes},
                 key),
        ring_(part.ring_records),
        decisions_(part.why_requests) {
    if (tenants != nullptr) tenants_.emplace(*tenants);
  }

  void count(const RequestSample& sample) noexcept override {
    counters_.endpoints[static_cast<std::size_t>(sample.endpoint)].count(sample);
    if (sample.matched) counters_.matched.add(1);
    if (tenants_) tenants_->count(sample);
  }

  std::uint32_t in_force(const DirectiveSet::Pointer& set) noexcept override {
    return decisions_.in_force(set);
  }
  void matched(const MatchedRequest& request) noexcept override { decisions_.put(request); }

  void record(Record record, bool ring_buffer) noexcept override {
    counters_.recorded.add(1);
    if (explain_on_) put_in_explain(record);
    const bool to_ring = ring_buffer && ring_on_;
    if (!to_ring && std::ranges::none_of(sinks_, &RecordSink::is_open)) return;
    RecordPointer pointer;
    try {
      pointer = allocator_->make(std::move(record));
    } catch (const std::bad_alloc&) {
      if (to_ring) counters_.ring.dropped.add(1);
      return;
    }
    for (RecordSink* const sink : sinks_) {
      if (sink->is_open()) sink->take(pointer);
    }
    if (to_ring) put_in_ring(std::move(pointer));
  }

  void count_by_directive() noexcept override { counters_.by_directives.add(1); }

  void refuse(std::uint64_t directives) noexcept override { counters_.refused.add(directives); }

  void count_signed(std::optional<SignedFault> fault) noexcept override {
    (fault ? counters_.signed_refused[static_cast<std::size_t>(*fault)] : counters_.signed_accepted)
        .add(1);
  }

  // Appends the records of this shard with that id: the newest of each kind.
  void explain(std::string_view request_id, std::vector<Record>& out) const {
    std::size_t room[2] = {kMaxOfOneId, kMaxOfOneId};
    for (ExplainShard::Number next = newest_explained(); next != 0 && room[0] + room[1] > 0;) {
      std::vector<Record> found;
      {
        const std::lock_guard lock(mutex_);  // the worker waits for some records at most
        next = explain_.look(request_id, next, kLookedAtAtOnce, found);
      }
      for (Record& record : found) {
        std::size_t& left = room[is_vouched_for(record) ? 1 : 0];
        if (left == 0) continue;
        --left;
        out.push_back(std::move(record));
      }
    }
  }

  const DecisionRing& decisions() const noexcept { return decisions_; }

  // Appends the newest records of this shard, at most `limit`.
  void breakglass(std::size_t limit, std::vector<RecordPointer>& out) const {
    std::uint64_t place = ring_end();
    for (std::size_t i = 0; i < limit && place > 0; ++i) {
      const std::lock_guard lock(mutex_);  // per record: the worker waits for one copy at most
      RecordPointer record = ring_.at(--place);
      if (record == nullptr) break;
      out.push_back(std::move(record));
    }
  }

  const WorkerCounters& counters() const noexcept { return counters_; }

  void add_to(std::vector<TenantTotals>& totals) const noexcept {
    if (tenants_) tenants_->add_to(totals);
  }

 private:
  void put_in_explain(const Record& record) noexcept {
    OutputCounters& counters = counters_.explain;
    const std::lock_guard lock(mutex_);
    try {
      (explain_.put(record) ? counters.kept : counters.dropped).add(1);
    } catch (const std::bad_alloc&) {
      counters.dropped.add(1);
    }
    counters.evicted.set(explain_.evicted());
    counters.held.set(explain_.size());
    counters.held_bytes.set(explain_.bytes());
  }

  void put_in_ring(RecordPointer record) noexcept {
    OutputCounters& counters = counters_.ring;
    const std::lock_guard lock(mutex_);
    try {
      ring_.push(std::move(record));
    } catch (const std::bad_alloc&) {
      counters.dropped.add(1);
    }
    counters.kept.set(ring_.end());
    counters.evicted.set(ring_.end() - ring_.size());
    counters.held.set(ring_.size());
  }

  ExplainShard::Number newest_explained() const {
    const std::lock_guard lock(mutex_);
    return explain_.newest();
  }

  std::uint64_t ring_end() const {
    const std::lock_guard lock(mutex_);
    return ring_.end();
  }

  // Constant after construction.
  const std::vector<RecordSink*>& sinks_;  // owned by the observer
  const bool explain_on_;
  const bool ring_on_;

  // Own synchronization: written by the worker's thread.
  WorkerCounters counters_;
  std::optional<TenantCounters> tenants_;
  const std::shared_ptr<OwnerThreadAllocator> allocator_ = std::make_shared<OwnerThreadAllocator>();

  // Contended only while a reader copies a record or a pointer.
  mutable std::mutex mutex_;
  ExplainShard explain_;  // guarded by mutex_
  RingShard ring_;        // guarded by mutex_

  DecisionRing decisions_;  // has its own mutex
};

Observer::Observer(const ObserverOptions& options, std::size_t workers,
                   std::vector<RecordSink*> sinks)
    : options_(options),
      sinks_(std::move(sinks)),
      tenants_(options.metrics_tenants > 0 ? std::make_unique<TenantNames>(options.metrics_tenants)
                                           : nullptr),
      workers_([&] {
        assert(workers > 0);
        Random random = Random::from_system();
        const SipKey key{.k0 = random.next(), .k1 = random.next()};
        std::vector<std::unique_ptr<Worker>> made;
        made.reserve(workers);
        for (std::size_t i = 0; i < workers; ++i) {
          made.push_back(std::make_unique<Worker>(share_of_worker(options, workers), key, sinks_,
                                                  tenants_.get()));
        }
        return made;
      }()) {}

Observer::~Observer() = default;

Recorder& Observer::recorder(std::size_t worker) noexcept {
  assert(worker < workers_.size());
  return *workers_[worker];
}

std::vector<Record> Observer::explain(std::string_view request_id) const {
  std::vector<Record> found;  // a client may send one id to several workers
  for (const auto& worker : workers_) worker->explain(request_id, found);
  sort_and_bound(found, [](const Record& record) { return record.started; });
  return found;
}

std::vector<RememberedRequest> Observer::remembered(std::string_view request_id) const {
  std::vector<RememberedRequest> found;
  for (const auto& worker : workers_) worker->decisions().find(request_id, kMaxOfOneId, found);
  sort_and_bound(found, [](const RememberedRequest& request) { return request.started.boot; });
  return found;
}

std::vector<Record> Observer::breakglass(std::size_t limit) const {
  std::vector<RecordPointer> found;
  for (const auto& worker : workers_) worker->breakglass(limit, found);
  std::ranges::stable_sort(found,
                           [](const auto& a, const auto& b) { return a->started > b->started; });
  if (found.size() > limit) found.resize(limit);

  std::vector<Record> records;
  records.reserve(found.size());
  for (const RecordPointer& record : found) records.push_back(*record);
  return records;
}

ObserverTotals Observer::totals() const noexcept {
  ObserverTotals totals;
  for (const auto& worker : workers_) worker->counters().add_to(totals);
  return totals;
}

std::vector<TenantTotals> Observer::tenants() const {
  std::vector<TenantTotals> totals;
  if (!tenants_) return totals;
  for (std::string& name : tenants_->from(0)) totals.push_back({.tenant = std::move(name)});
  totals.push_back({.tenant = std::string(kOtherTenants)});
  for (const auto& worker : workers_) worker->add_to(totals);
  return totals;
}

std::vector<NamedTotals> Observer::outputs() const {
  const ObserverTotals own = totals();
  std::vector<NamedTotals> outputs{{.output = "explain", .totals = own.explain},
                                   {.output = "ring", .totals = own.ring}};
  for (const RecordSink* const sink : sinks_) {
    outputs.push_back({.output = sink->name(), .totals = sink->totals()});
  }
  return outputs;
}

}  // namespace osproxy
