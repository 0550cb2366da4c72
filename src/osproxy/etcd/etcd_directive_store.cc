#include "osproxy/etcd/etcd_directive_store.h"

#include <algorithm>
#include <optional>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

#include <fmt/format.h>

#include "osproxy/core/scheduling.h"
#include "osproxy/etcd/credential_check.h"
#include "osproxy/etcd/endpoints.h"
#include "osproxy/etcd/etcd_document_applier.h"
#include "osproxy/etcd/etcd_store_status.h"
#include "osproxy/etcd/transport.h"
#include "osproxy/etcd/watch_machine.h"

namespace osproxy {
namespace {

using std::chrono::nanoseconds;

etcd::WatchMachineOptions machine_options(const EtcdStoreOptions& options,
                                          std::vector<std::string> endpoints) {
  etcd::WatchMachineOptions result{.endpoints = std::move(endpoints)};
  result.stale_after = options.stale_after;
  result.first_read_timeout = std::min<nanoseconds>(
      result.read_timeout, options.connect_timeout / std::ssize(result.endpoints));
  return result;
}

std::optional<EtcdError> make_state_dir(const EtcdStoreOptions& options) {
  const auto bad = [](std::string message) {
    return EtcdError{EtcdError::Kind::BadOptions, std::move(message)};
  };
  const auto& dir = options.state_dir;
  if (dir.empty()) {
    if (options.start == StartPolicy::Fail) return std::nullopt;
    return bad("to start from the last good set, a state directory must be given");
  }
  std::error_code error;
  std::filesystem::create_directories(dir, error);
  if (!error) return std::nullopt;
  return bad(fmt::format("the state directory {}: {}", dir.string(), error.message()));
}

std::unique_ptr<StateStorage> storage_of(const EtcdStoreOptions& options) {
  if (options.state_dir.empty()) return nullptr;
  return make_file_storage(options.state_dir, options.target.key, options.limits);
}

std::size_t count_active(const DirectiveSet& set, Now now) {
  return static_cast<std::size_t>(std::ranges::count_if(
      set.directives(),
      [now](const CompiledDirective& directive) { return !directive.life.is_over(now); }));
}

}  // namespace

// Life of an update: transport -> watch machine -> applier (decodes, compiles, publishes) ->
// status, waiters, on_change. All of it happens on thread_, one event at a time.
class EtcdDirectiveStore::Impl {
 public:
  Impl(EtcdStoreOptions options, std::vector<std::string> endpoints, const Clock& clock,
       std::unique_ptr<etcd::Transport> transport, Random random)
      : options_(std::move(options)),
        endpoints_(std::move(endpoints)),
        clock_(clock),
        transport_(std::move(transport)),
        machine_(machine_options(options_, endpoints_), random),
        applier_(options_, clock, *transport_, storage_of(options_), Random(random.next())),
        credential_check_(options_.target.credentials, clock.boot()),
        status_(options_, endpoints_, clock, applier_.resumed()) {
    thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
  }

  ~Impl() {
    thread_.request_stop();
    transport_->wake();
  }

  const etcd::EtcdStoreStatus& status() const noexcept { return status_; }
  const SnapshotCell<DirectiveSet>& cell() const noexcept { return applier_.cell(); }

 private:
  void run(const std::stop_token& stop) {
    set_short_slice();
    step(etcd::Start{});
    while (!stop.stop_requested()) {
      auto event = transport_->next(idle_time());
      if (event) {
        applier_.take(*event);  // it may end a call of the anchors
      } else {
        applier_.time_passed();
      }
      credential_check_.poll(clock_.boot());
      step(event ? etcd::to_machine<etcd::WatchMachine::Event>(*std::move(event))
                 : etcd::TimePassed{});
    }
    resume(etcd::Stop{});  // not a step(): the owner destroys the store, and wants no news of it
  }

  /// How long there is nothing to do, if no event arrives.
  nanoseconds idle_time() const {
    const Now now = clock_.now();
    nanoseconds idle = *machine_.wake_at() - now.boot;
    for (const auto& at : {applier_.wake_at(), credential_check_.wake_at()}) {
      if (at) idle = std::min(idle, *at - now.boot);
    }
    if (const auto end = cell().load()->next_end(now)) idle = std::min(idle, *end - now.wall);
    return std::max(idle, nanoseconds{0});
  }

  void step(etcd::WatchMachine::Event event) {
    resume(std::move(event));
    publish_status();
  }

  void resume(etcd::WatchMachine::Event event) {
    for (auto& action : machine_.resume(std::move(event), clock_.now())) {
      std::visit([this](auto& one) { perform(one); }, action);
    }
  }

  void perform(const etcd::OpenConnection& open) { transport_->open(open.endpoint); }
  void perform(const etcd::CloseConnection&) { transport_->close(); }
  void perform(const etcd::StartRead& read) {
    transport_->read(
        read.call,
        {.key = options_.target.key, .keys_only = read.keys_only, .timeout = read.timeout});
  }
  void perform(const etcd::StartWatch& watch) {
    transport_->watch(watch.call,
                      {.key = options_.target.key, .start_revision = watch.start_revision});
  }
  void perform(const etcd::CancelCall& cancel) { transport_->cancel(cancel.call); }

  void perform(const etcd::Apply& apply) { applier_.take(apply, machine_.status()); }
  void perform(const etcd::RefuseOversized& refuse) { applier_.take(refuse); }

  void publish_status() {
    const etcd::WatchStatus& watch = machine_.status();
    auto [status, has_changed] =
        status_.publish({.status = {.state = is_resumed() ? StoreState::Stale : watch.state,
                                    .reason = reason(),
                                    .revision = applier_.revision(),
                                    .rejected = applier_.rejected(),
                                    .warnings = warnings()},
                         .verified_at = watch.verified_at,
                         .seen = watch.seen,
                         .holding = applier_.is_holding(),
                         .counters = {.watch = watch.counters,
                                      .applied_documents = applier_.applied_documents(),
                                      .rejected_documents = applier_.rejected_documents()},
                         .failures = machine_.failures()});
    notify(has_changed, std::move(status));
  }

  /// True while the set is an earlier run's, and etcd has not responded yet.
  bool is_resumed() const { return !applier_.resumed().empty() && !machine_.status().verified_at; }

  std::vector<std::string> warnings() const {
    std::vector<std::string> warnings = applier_.warnings();
    if (!credential_check_.warning().empty()) warnings.push_back(credential_check_.warning());
    return warnings;
  }

  std::string reason() const {
    const std::string& reason = machine_.status().reason;
    if (!is_resumed()) return reason;
    return reason.empty() ? applier_.resumed() : applier_.resumed() + "; " + reason;
  }

  /// Holds no mutex: the callback may call the store.
  void notify(bool has_changed, StoreStatus status) {
    const Now now = clock_.now();
    const auto set = cell().load();
    const std::size_t active = count_active(*set, now);
    if (!has_changed && set == notified_set_ && active == notified_active_) return;
    notified_set_ = set;
    notified_active_ = active;
    if (!options_.on_change) return;
    if (const auto at = machine_.status().verified_at) status.verified_age = now.boot - *at;
    options_.on_change(status, set);
  }

  // Constant after construction.
  const EtcdStoreOptions options_;
  const std::vector<std::string> endpoints_;
  const Clock& clock_;

  // Owned by thread_, but for transport_->wake(), applier_.cell() and applier_.resumed().
  const std::unique_ptr<etcd::Transport> transport_;
  etcd::WatchMachine machine_;
  etcd::EtcdDocumentApplier applier_;
  etcd::CredentialCheck credential_check_;
  DirectiveSet::Pointer notified_set_;
  std::size_t notified_active_ = 0;

  // Own synchronization.
  etcd::EtcdStoreStatus status_;

  std::jthread thread_;  // last: joined before the rest is destroyed
};

std::expected<std::unique_ptr<EtcdDirectiveStore>, EtcdError> EtcdDirectiveStore::connect(
    EtcdStoreOptions options, const Clock& clock) {
  auto endpoints = etcd::check_target(options.target);
  if (!endpoints) return std::unexpected(std::move(endpoints).error());
  auto transport = etcd::make_transport(*std::move(endpoints), options.target.credentials, clock);
  return connect(std::move(options), clock, std::move(transport), Random::from_system());
}

std::expected<std::unique_ptr<EtcdDirectiveStore>, EtcdError> EtcdDirectiveStore::connect(
    EtcdStoreOptions options, const Clock& clock, std::unique_ptr<etcd::Transport> transport,
    Random random) {
  auto endpoints = etcd::check_target(options.target);
  if (!endpoints) return std::unexpected(std::move(endpoints).error());
  if (auto error = make_state_dir(options)) return std::unexpected(*std::move(error));
  auto impl = std::make_unique<Impl>(std::move(options), *std::move(endpoints), clock,
                                     std::move(transport), random);
  if (auto error = impl->status().await_start()) return std::unexpected(*std::move(error));
  return std::unique_ptr<EtcdDirectiveStore>(new EtcdDirectiveStore(std::move(impl)));
}

EtcdDirectiveStore::EtcdDirectiveStore(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

EtcdDirectiveStore::~EtcdDirectiveStore() = default;

const SnapshotCell<DirectiveSet>& EtcdDirectiveStore::cell() const noexcept {
  return impl_->cell();
}

StoreStatus EtcdDirectiveStore::status() const { return impl_->status().status(); }

bool EtcdDirectiveStore::wait_for_revision(std::int64_t revision,
                                           std::chrono::milliseconds timeout) const {
  return impl_->status().wait_for_revision(revision, timeout);
}

EtcdStoreCounters EtcdDirectiveStore::counters() const { return impl_->status().counters(); }

}  // namespace osproxy
