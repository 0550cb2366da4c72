#include "osproxy/etcd/etcd_ack_writer.h"

#include <algorithm>
#include <condition_variable>
#include <stop_token>
#include <thread>
#include <utility>
#include <variant>

#include <fmt/format.h>

#include "osproxy/etcd/ack_machine.h"
#include "osproxy/etcd/endpoints.h"
#include "osproxy/etcd/fleet_key.h"
#include "osproxy/etcd/transport.h"

namespace osproxy {
namespace {

using std::chrono::nanoseconds;

etcd::AckMachineOptions machine_options(const EtcdAckOptions& options,
                                        std::vector<std::string> endpoints) {
  etcd::AckMachineOptions result{.endpoints = std::move(endpoints)};
  result.instance = options.instance;
  result.started = options.started;
  result.ttl = options.ttl;
  return result;
}

}  // namespace

// Life of an ack: notifier -> the store's status -> machine -> transport. The steps after the
// notifier happen on thread_.
class EtcdAckWriter::Impl {
 public:
  Impl(EtcdAckOptions options, std::vector<std::string> endpoints, const DirectiveStore& store,
       std::shared_ptr<ChangeNotifier> notifier, const Clock& clock,
       std::unique_ptr<etcd::Transport> transport, Random random)
      : options_(std::move(options)),
        key_(etcd::fleet_key(options_.target.key, options_.instance)),
        prefix_(etcd::fleet_prefix(options_.target.key)),
        store_(store),
        notifier_(std::move(notifier)),
        clock_(clock),
        transport_(std::move(transport)),
        machine_(machine_options(options_, std::move(endpoints)), random),
        status_(machine_.status()) {
    notifier_->set_listener([this] { check_store(); });
    thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
  }

  ~Impl() {
    notifier_->set_listener({});
    thread_.request_stop();
    transport_->wake();
  }

  AckStatus status() const {
    const std::lock_guard lock(mutex_);
    return status_;
  }

  AckCounters counters() const {
    const std::lock_guard lock(mutex_);
    return counters_;
  }

  void check_store() {
    const std::lock_guard lock(mutex_);
    must_check_store_ = true;
    wakeup_.notify_one();
  }

 private:
  void run(const std::stop_token& stop) {
    step(etcd::Start{});
    while (!stop.stop_requested()) {
      report();
      if (machine_.awaits_response()) {
        await_event();
      } else {
        wait_until_due(stop);
      }
    }
    step(etcd::Stop{});
    while (!machine_.is_over()) await_event();
  }

  /// How long there is nothing to do, if no event arrives.
  nanoseconds idle_time() const {
    return std::max(*machine_.wake_at() - clock_.boot(), nanoseconds{0});
  }

  void await_event() {
    auto event = transport_->next(idle_time());
    step(event ? etcd::to_machine<etcd::AckMachine::Event>(*std::move(event)) : etcd::TimePassed{});
  }

  /// Waits outside the transport. Of several threads that wait in gRPC only one waits for a span of
  /// time, the others for a wall time, and that one must be the store's (watch.md, W17).
  void wait_until_due(const std::stop_token& stop) {
    {
      std::unique_lock lock(mutex_);
      wakeup_.wait_for(lock, stop, idle_time(),
                       [this] { return std::exchange(must_check_store_, false); });
    }
    step(etcd::TimePassed{});
  }

  /// Tells the machine if the facts have changed.
  void report() {
    const InstanceAck ack = make_ack();
    etcd::AckFacts facts{.revision = ack.revision,
                         .rejected = ack.rejected,
                         .state = ack.state,
                         .thinned = ack.thinned,
                         .thinned_count = ack.thinned_count,
                         .admin = ack.admin};
    if (facts == reported_) return;
    reported_ = facts;
    step(etcd::AckReport{std::move(facts)});
  }

  InstanceAck make_ack() const {
    return osproxy::make_ack({.instance = options_.instance,
                              .version = options_.version,
                              .started = options_.started,
                              .admin = options_.admin ? options_.admin() : std::string()},
                             store_.status(), *store_.load(), clock_.now());
  }

  void step(etcd::AckMachine::Event event) {
    for (auto& action : machine_.resume(std::move(event), clock_.now())) {
      std::visit([this](auto& one) { perform(one); }, action);
    }
    publish_status();
  }

  void perform(const etcd::OpenConnection& open) { transport_->open(open.endpoint); }
  void perform(const etcd::CloseConnection&) { transport_->close(); }
  void perform(const etcd::ReadAck& read) {
    transport_->read(read.call,
                     {.key = key_, .keys_only = read.keys_only, .timeout = read.timeout});
  }
  void perform(const etcd::CountFleet& count) {
    transport_->list(count.call, {.prefix = prefix_, .count_only = true, .timeout = count.timeout});
  }
  void perform(const etcd::GrantLease& grant) {
    transport_->grant(grant.call, {.ttl = grant.ttl, .timeout = grant.timeout});
  }
  void perform(const etcd::WriteAck& write) {
    InstanceAck ack = make_ack();  // with the verified age of this moment
    ack.revision = write.facts.revision;
    ack.rejected = write.facts.rejected;
    ack.state = write.facts.state;
    ack.thinned = write.facts.thinned;
    ack.thinned_count = write.facts.thinned_count;
    ack.admin = write.facts.admin;
    transport_->write(write.call, {.key = key_,
                                   .value = encode_ack(ack),
                                   .expected = write.expected,
                                   .guard = std::nullopt,
                                   .lease = write.lease,
                                   .timeout = write.timeout});
  }
  void perform(const etcd::KeepLeaseAlive& keep) {
    transport_->keep_alive(keep.call, {.lease = keep.lease, .timeout = keep.timeout});
  }
  void perform(const etcd::RevokeLease& revoke) {
    transport_->revoke(revoke.call, {.lease = revoke.lease, .timeout = revoke.timeout});
  }

  void publish_status() {
    const AckStatus status = machine_.status();
    bool has_changed = false;
    {
      const std::lock_guard lock(mutex_);
      has_changed = status.state != status_.state;
      status_ = status;
      counters_ = machine_.counters();
    }
    if (has_changed && options_.on_change) options_.on_change(status);
  }

  // Constant after construction.
  const EtcdAckOptions options_;
  const std::string key_;
  const std::string prefix_;
  const DirectiveStore& store_;
  const std::shared_ptr<ChangeNotifier> notifier_;
  const Clock& clock_;

  // Owned by thread_, but for transport_->wake().
  const std::unique_ptr<etcd::Transport> transport_;
  etcd::AckMachine machine_;
  std::optional<etcd::AckFacts> reported_;

  mutable std::mutex mutex_;
  std::condition_variable_any wakeup_;
  bool must_check_store_ = false;  // guarded by mutex_
  AckStatus status_;               // guarded by mutex_
  AckCounters counters_;           // guarded by mutex_

  std::jthread thread_;  // last: joined before the rest is destroyed
};

std::expected<std::unique_ptr<EtcdAckWriter>, EtcdError> EtcdAckWriter::start(
    EtcdAckOptions options, const DirectiveStore& store, std::shared_ptr<ChangeNotifier> notifier,
    const Clock& clock) {
  auto endpoints = etcd::check_target(options.target);
  if (!endpoints) return std::unexpected(std::move(endpoints).error());
  auto transport = etcd::make_transport(*std::move(endpoints), options.target.credentials, clock);
  return start(std::move(options), store, std::move(notifier), clock, std::move(transport),
               Random::from_system());
}

std::expected<std::unique_ptr<EtcdAckWriter>, EtcdError> EtcdAckWriter::start(
    EtcdAckOptions options, const DirectiveStore& store, std::shared_ptr<ChangeNotifier> notifier,
    const Clock& clock, std::unique_ptr<etcd::Transport> transport, Random random) {
  auto endpoints = etcd::check_target(options.target);
  if (!endpoints) return std::unexpected(std::move(endpoints).error());
  if (options.instance.empty() || options.instance.size() > etcd::kMaxInstanceBytes) {
    return std::unexpected(
        EtcdError{EtcdError::Kind::BadOptions,
                  fmt::format("an instance's name has 1 to {} bytes", etcd::kMaxInstanceBytes)});
  }
  return std::unique_ptr<EtcdAckWriter>(new EtcdAckWriter(
      std::make_unique<Impl>(std::move(options), *std::move(endpoints), store, std::move(notifier),
                             clock, std::move(transport), random)));
}

EtcdAckWriter::EtcdAckWriter(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

EtcdAckWriter::~EtcdAckWriter() = default;

AckStatus EtcdAckWriter::status() const { return impl_->status(); }

void EtcdAckWriter::check_store() { impl_->check_store(); }

AckCounters EtcdAckWriter::counters() const { return impl_->counters(); }

}  // namespace osproxy
