#include "osproxy/etcd/etcd_history_writer.h"

#include <algorithm>
#include <chrono>
#include <mutex>
#include <stop_token>
#include <thread>
#include <utility>
#include <variant>

#include "osproxy/etcd/endpoints.h"
#include "osproxy/etcd/history_key.h"
#include "osproxy/etcd/history_machine.h"
#include "osproxy/etcd/transport.h"

namespace osproxy {
namespace {

etcd::HistoryMachineOptions machine_options(const EtcdHistoryWriterOptions& options,
                                            std::vector<std::string> endpoints) {
  etcd::HistoryMachineOptions result{.endpoints = std::move(endpoints)};
  result.document_key = options.target.key;
  result.prefix = etcd::history_prefix(options.target.key);
  result.bounds = options.bounds;
  result.limits = options.limits;
  return result;
}

}  // namespace

class EtcdHistoryWriter::Impl {
 public:
  Impl(EtcdHistoryWriterOptions options, std::vector<std::string> endpoints, const Clock& clock,
       std::unique_ptr<etcd::Transport> transport, Random random)
      : options_(std::move(options)),
        clock_(clock),
        transport_(std::move(transport)),
        machine_(machine_options(options_, std::move(endpoints)), random) {
    thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
  }

  ~Impl() {
    thread_.request_stop();
    transport_->wake();
  }

  HistoryStatus status() const {
    const std::lock_guard lock(mutex_);
    return status_;
  }

 private:
  void run(const std::stop_token& stop) {
    step(etcd::Start{});
    while (!stop.stop_requested()) {
      auto event = transport_->next(
          std::max(*machine_.wake_at() - clock_.boot(), std::chrono::nanoseconds{0}));
      step(event ? etcd::to_machine<etcd::HistoryMachine::Event>(*std::move(event))
                 : etcd::TimePassed{});
    }
    step(etcd::Stop{});
  }

  void step(etcd::HistoryMachine::Event event) {
    for (auto& action : machine_.resume(std::move(event), clock_.now())) {
      std::visit([this](auto& one) { perform(one); }, action);
    }
    publish_status();
  }

  void perform(const etcd::OpenConnection& open) { transport_->open(open.endpoint); }
  void perform(const etcd::CloseConnection&) { transport_->close(); }
  void perform(const etcd::ReadKey& read) { transport_->read(read.call, read.request); }
  void perform(const etcd::ListKeys& list) { transport_->list(list.call, list.request); }
  void perform(const etcd::WatchKeys& watch) { transport_->watch(watch.call, watch.request); }
  void perform(const etcd::WriteKeys& write) { transport_->write(write.call, write.request); }

  void publish_status() {
    const etcd::HistoryCounters& counters = machine_.counters();
    bool has_changed = false;
    {
      const std::lock_guard lock(mutex_);
      has_changed = status_.reason != machine_.reason();
      if (has_changed && !machine_.reason().empty()) {
        status_.last_error = machine_.reason();
        status_.last_error_at = clock_.now().wall;
      }
      status_.reason = machine_.reason();
      status_.state = status_.reason.empty() ? HistoryWriting::Working : HistoryWriting::Failing;
      status_.by_hand = counters.entered;
      status_.trimmed = counters.trimmed;
      status_.failures = counters.failed;
    }
    if (has_changed && options_.on_change) options_.on_change(machine_.reason());
  }

  // Constant after construction.
  const EtcdHistoryWriterOptions options_;
  const Clock& clock_;

  // Owned by thread_, but for transport_->wake().
  const std::unique_ptr<etcd::Transport> transport_;
  etcd::HistoryMachine machine_;

  mutable std::mutex mutex_;
  HistoryStatus status_;  // guarded by mutex_

  std::jthread thread_;  // last: joined before the rest is destroyed
};

std::expected<std::unique_ptr<EtcdHistoryWriter>, EtcdError> EtcdHistoryWriter::start(
    EtcdHistoryWriterOptions options, const Clock& clock) {
  auto endpoints = etcd::check_target(options.target);
  if (!endpoints) return std::unexpected(std::move(endpoints).error());
  auto transport = etcd::make_transport(*std::move(endpoints), options.target.credentials, clock,
                                        etcd::kMaxHistoryMessage);
  return start(std::move(options), clock, std::move(transport), Random::from_system());
}

std::expected<std::unique_ptr<EtcdHistoryWriter>, EtcdError> EtcdHistoryWriter::start(
    EtcdHistoryWriterOptions options, const Clock& clock,
    std::unique_ptr<etcd::Transport> transport, Random random) {
  auto endpoints = etcd::check_target(options.target);
  if (!endpoints) return std::unexpected(std::move(endpoints).error());
  return std::unique_ptr<EtcdHistoryWriter>(new EtcdHistoryWriter(std::make_unique<Impl>(
      std::move(options), *std::move(endpoints), clock, std::move(transport), random)));
}

EtcdHistoryWriter::EtcdHistoryWriter(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

EtcdHistoryWriter::~EtcdHistoryWriter() = default;

HistoryStatus EtcdHistoryWriter::status() const { return impl_->status(); }

}  // namespace osproxy
