#include "osproxy/etcd/etcd_directive_store.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include <fmt/format.h>

#include "osproxy/core/scheduling.h"
#include "osproxy/etcd/credential_check.h"
#include "osproxy/etcd/endpoints.h"
#include "osproxy/etcd/etcd_document_applier.h"
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

/// What the machine does not know never comes: the store starts reads and watches only.
etcd::Event to_machine(etcd::TransportEvent event) {
  return std::visit(
      []<class T>(T&& one) -> etcd::Event {
        if constexpr (std::is_constructible_v<etcd::Event, T>) return std::forward<T>(one);
        return etcd::TimePassed{};
      },
      std::move(event));
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

// Life of an update: transport -> machine -> keeper (decodes, compiles, publishes) -> status,
// waiters, on_change; all on thread_, one event at a time.
class EtcdDirectiveStore::Impl {
 public:
  Impl(EtcdStoreOptions options, std::vector<std::string> endpoints, const Clock& clock,
       std::unique_ptr<etcd::Transport> transport, Random random)
      : options_(std::move(options)),
        endpoints_(std::move(endpoints)),
        clock_(clock),
        transport_(std::move(transport)),
        machine_(machine_options(options_, endpoints_), random),
        keeper_(options_, clock, *transport_, storage_of(options_), Random(random.next())),
        credential_check_(options_.target.credentials, clock.boot()) {
    shared_.status.since = clock_.now().wall;
    shared_.failures.resize(endpoints_.size());
    thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
  }

  ~Impl() {
    thread_.request_stop();
    transport_->wake();
  }

  /// Waits for the first read; the error if there will be none, or none in time.
  std::optional<EtcdError> await_start() const {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, options_.connect_timeout, [this] {
      return (shared_.status.state == StoreState::Synced && !shared_.holding) || is_hopeless();
    });
    // Without a watch yet, but with a read: good enough, the machine goes on.
    if (shared_.verified_at || !keeper_.resumed().empty()) return std::nullopt;
    std::string message = describe_failures();
    if (options_.start == StartPolicy::LastGood) message += "; " + describe_no_last_good();
    return EtcdError{EtcdError::Kind::Unreachable, std::move(message)};
  }

  bool wait_for_revision(std::int64_t revision, std::chrono::milliseconds timeout) const {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, timeout, [&] { return shared_.seen >= revision; });
  }

  StoreStatus status() const {
    const std::lock_guard lock(mutex_);
    StoreStatus status = shared_.status;
    if (!shared_.verified_at) return status;
    const Now now = clock_.now();
    const auto age = std::max(nanoseconds{0}, now.boot - *shared_.verified_at);
    status.verified_age = age;
    // The thread has not come round to saying so: the machine slept, or a callback takes too long.
    if (status.state == StoreState::Synced && age >= options_.stale_after) {
      status.state = StoreState::Stale;
      status.reason = "no proof for longer than the bound; the store's thread is late";
      status.since = now.wall - (age - options_.stale_after);
    }
    return status;
  }

  EtcdStoreCounters counters() const {
    const std::lock_guard lock(mutex_);
    return shared_.counters;
  }

  const SnapshotCell<DirectiveSet>& cell() const noexcept { return keeper_.cell(); }

 private:
  struct Shared {
    StoreStatus status;
    std::optional<BootTime> verified_at;
    etcd::Revision seen = 0;
    bool holding = false;
    EtcdStoreCounters counters;
    std::vector<std::optional<etcd::Failure>> failures;  // by endpoint
  };

  void run(const std::stop_token& stop) {
    set_short_slice();
    step(etcd::Start{});
    while (!stop.stop_requested()) {
      auto event = transport_->next(idle_time());
      if (event) {
        keeper_.take(*event);  // for the calls of its own
      } else {
        keeper_.time_passed();
      }
      credential_check_.poll(clock_.boot());
      step(event ? to_machine(*std::move(event)) : etcd::TimePassed{});
    }
    resume(etcd::Stop{});  // no news for anybody: that we stop is our own doing
  }

  /// How long there is nothing to do, if nothing comes in.
  nanoseconds idle_time() const {
    const Now now = clock_.now();
    nanoseconds idle = *machine_.wake_at() - now.boot;
    for (const auto& at : {keeper_.wake_at(), credential_check_.wake_at()}) {
      if (at) idle = std::min(idle, *at - now.boot);
    }
    if (const auto end = cell().load()->next_end(now)) idle = std::min(idle, *end - now.wall);
    return std::max(idle, nanoseconds{0});
  }

  void step(etcd::Event event) {
    resume(std::move(event));
    publish_status();
  }

  void resume(etcd::Event event) {
    for (etcd::Action& action : machine_.resume(std::move(event), clock_.boot())) {
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

  void perform(const etcd::Apply& apply) { keeper_.take(apply, machine_.status()); }
  void perform(const etcd::RefuseOversized& refuse) { keeper_.take(refuse); }

  void publish_status() {
    const Now now = clock_.now();
    const etcd::MachineStatus& machine = machine_.status();
    bool is_news = false;
    StoreStatus status;
    {
      const std::lock_guard lock(mutex_);
      status = shared_.status;
      const StoreState state = is_resumed() ? StoreState::Stale : machine.state;
      if (status.state != state) status.since = now.wall;
      status.state = state;
      status.reason = reason();
      status.revision = keeper_.revision();
      status.rejected = keeper_.rejected();
      status.warnings = warnings();
      is_news = status != shared_.status;
      shared_.status = status;
      shared_.verified_at = machine.verified_at;
      shared_.seen = machine.seen;
      shared_.holding = keeper_.is_holding();
      shared_.counters = {.watch = machine.counters,
                          .applied_documents = keeper_.applied_documents(),
                          .rejected_documents = keeper_.rejected_documents()};
      shared_.failures = machine_.failures();
    }
    changed_.notify_all();
    notify(is_news, status, now);
  }

  /// True as long as the set is an earlier run's and etcd has not answered.
  bool is_resumed() const { return !keeper_.resumed().empty() && !machine_.status().verified_at; }

  std::vector<std::string> warnings() const {
    std::vector<std::string> warnings = keeper_.warnings();
    if (!credential_check_.warning().empty()) warnings.push_back(credential_check_.warning());
    return warnings;
  }

  std::string reason() const {
    const std::string& reason = machine_.status().reason;
    if (!is_resumed()) return reason;
    return reason.empty() ? keeper_.resumed() : keeper_.resumed() + "; " + reason;
  }

  /// Outside the mutex: the callback may call us.
  void notify(bool is_news, StoreStatus& status, Now now) {
    const auto set = cell().load();
    const std::size_t active = count_active(*set, now);
    if (!is_news && set == notified_set_ && active == notified_active_) return;
    notified_set_ = set;
    notified_active_ = active;
    if (!options_.on_change) return;
    if (const auto at = machine_.status().verified_at) status.verified_age = now.boot - *at;
    options_.on_change(status, set);
  }

  /// True if nothing but a person can make an endpoint response. Called under mutex_.
  bool is_hopeless() const {
    return std::ranges::all_of(shared_.failures, [](const auto& failure) {
      return failure && !etcd::may_pass_by_itself(failure->kind);
    });
  }

  /// Called under mutex_.
  std::string describe_no_last_good() const {
    if (shared_.status.warnings.empty()) {
      return fmt::format("no last good set has been saved in {} yet", options_.state_dir.string());
    }
    return shared_.status.warnings.front();
  }

  /// Called under mutex_.
  std::string describe_failures() const {
    std::string text = fmt::format("cannot read \"{}\" from etcd", options_.target.key);
    for (std::size_t i = 0; i < endpoints_.size(); ++i) {
      const etcd::Failure silent{etcd::FailureKind::Silent, {}};
      text += i == 0 ? ": " : "; ";
      text += etcd::describe(endpoints_[i], shared_.failures[i].value_or(silent));
    }
    return text;
  }

  // Constant after construction.
  const EtcdStoreOptions options_;
  const std::vector<std::string> endpoints_;
  const Clock& clock_;

  // Owned by thread_, but for transport_->wake(), keeper_.cell() and keeper_.resumed().
  const std::unique_ptr<etcd::Transport> transport_;
  etcd::WatchMachine machine_;
  etcd::EtcdDocumentApplier keeper_;
  etcd::CredentialCheck credential_check_;
  DirectiveSet::Pointer notified_set_;
  std::size_t notified_active_ = 0;

  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  Shared shared_;  // guarded by mutex_

  std::jthread thread_;  // last: joined before the rest goes
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
  if (auto error = impl->await_start()) return std::unexpected(*std::move(error));
  return std::unique_ptr<EtcdDirectiveStore>(new EtcdDirectiveStore(std::move(impl)));
}

EtcdDirectiveStore::EtcdDirectiveStore(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

EtcdDirectiveStore::~EtcdDirectiveStore() = default;

const SnapshotCell<DirectiveSet>& EtcdDirectiveStore::cell() const noexcept {
  return impl_->cell();
}

StoreStatus EtcdDirectiveStore::status() const { return impl_->status(); }

bool EtcdDirectiveStore::wait_for_revision(std::int64_t revision,
                                           std::chrono::milliseconds timeout) const {
  return impl_->wait_for_revision(revision, timeout);
}

EtcdStoreCounters EtcdDirectiveStore::counters() const { return impl_->counters(); }

}  // namespace osproxy
