#include "osproxy/app/metrics/etcd_metrics.h"

#include <string>
#include <utility>

#include "osproxy/observe/metrics.h"

namespace osproxy::app {
namespace {

prometheus::MetricFamily counter(std::string name, std::string help, std::uint64_t value) {
  auto family = metric_family(std::move(name), std::move(help), prometheus::MetricType::Counter);
  add_counter(family, static_cast<double>(value));
  return family;
}

// One series for each state, 1 for the current one: Prometheus' convention for an enumeration.
prometheus::MetricFamily ack_states(AckState current) {
  auto family = metric_family("osproxy_etcd_ack_state", "1 for the current state of the ack.",
                              prometheus::MetricType::Gauge);
  for (const AckState state : {AckState::Pending, AckState::Written, AckState::NameTaken,
                               AckState::NotPermitted, AckState::Failing}) {
    add_gauge(family, state == current ? 1 : 0, {{"state", std::string(to_string(state))}});
  }
  return family;
}

void add_history(std::vector<prometheus::MetricFamily>& families, const HistoryStatus& status) {
  auto failing = metric_family("osproxy_etcd_history_failing",
                               "1 while changes by hand cannot be entered into the history.",
                               prometheus::MetricType::Gauge);
  add_gauge(failing, status.state == HistoryWriting::Failing ? 1 : 0);
  auto entries = metric_family("osproxy_etcd_history_entries_total",
                               "Entries that this instance has written into the history.",
                               prometheus::MetricType::Counter);
  add_counter(entries, static_cast<double>(status.published), {{"change", "publish"}});
  add_counter(entries, static_cast<double>(status.by_hand), {{"change", "by_hand"}});
  families.push_back(std::move(failing));
  families.push_back(std::move(entries));
  families.push_back(counter("osproxy_etcd_history_trimmed_total",
                             "Old entries of the history removed.", status.trimmed));
  families.push_back(counter("osproxy_etcd_history_failures_total",
                             "Calls for the history that failed.", status.failures));
}

}  // namespace

std::vector<prometheus::MetricFamily> EtcdMetrics::Collect() const {
  const EtcdStoreCounters counters = store_.counters();
  const AckCounters acks = acks_.counters();
  auto cancels = metric_family("osproxy_etcd_watch_cancels_total",
                               "Watches cancelled by etcd, by class of reason.",
                               prometheus::MetricType::Counter);
  for (std::size_t i = 0; i < kCancelClassCount; ++i) {
    add_counter(cancels, static_cast<double>(counters.watch.cancels[i]),
                {{"class", std::string(to_string(static_cast<CancelClass>(i)))}});
  }
  std::vector<prometheus::MetricFamily> families{
      counter("osproxy_etcd_reconnects_total", "Connections to etcd replaced by another.",
              counters.watch.reconnects),
      counter("osproxy_etcd_full_reads_total", "Full reads of the document started.",
              counters.watch.full_reads),
      counter("osproxy_etcd_proof_reads_total", "Proof reads started.", counters.watch.proof_reads),
      counter("osproxy_etcd_broken_watches_total",
              "Watches that missed a change that a proof read had seen.",
              counters.watch.broken_watches),
      counter("osproxy_etcd_lineage_resets_total", "Adoptions of another or a restored cluster.",
              counters.watch.lineage_resets),
      counter("osproxy_etcd_oversized_documents_total", "Documents too large to receive.",
              counters.watch.oversized),
      counter("osproxy_etcd_applied_documents_total", "Documents applied, deletions included.",
              counters.applied_documents),
      counter("osproxy_etcd_rejected_documents_total", "Documents rejected.",
              counters.rejected_documents),
      std::move(cancels),
      ack_states(acks_.status().state),
      counter("osproxy_etcd_acks_written_total", "Acks written.", acks.written),
      counter("osproxy_etcd_ack_failures_total", "Calls for acks that failed.", acks.failed),
      counter("osproxy_etcd_ack_leases_lost_total", "Leases of acks lost.", acks.leases_lost),
  };
  if (history_) add_history(families, history_());
  return families;
}

}  // namespace osproxy::app
