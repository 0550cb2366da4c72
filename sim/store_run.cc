#include "sim/store_run.h"

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "sim/trace_text.h"

namespace osproxy::etcd::sim {
namespace {

using namespace std::chrono_literals;

/// A machine that takes a thousand steps at one moment is spinning.
constexpr int kMostStepsInOneMoment = 1000;

EtcdStoreOptions store_options(const Schedule& schedule) {
  EtcdStoreOptions options;
  options.target.endpoints.assign(schedule.members, "member");
  options.target.key = kDocumentKey;
  options.start = schedule.from_last_good ? StartPolicy::LastGood : StartPolicy::Fail;
  return options;
}

}  // namespace

StoreRun::StoreRun(const World& world, StoreObserver& observer,
                   std::unique_ptr<StateStorage> storage, Random random)
    : world_(world),
      observer_(observer),
      options_(store_options(world.schedule)),
      connection_(world, Random(random.next()),
                  [this] {
                    if (!world_.suspended) take_arrived();
                  }),
      machine_({.endpoints = options_.target.endpoints}, Random(random.next())),
      applier_(options_, world.clock, connection_.calls(), std::move(storage),
               Random(random.next())) {}

void StoreRun::start() { resume(Start{}); }

void StoreRun::catch_up() {
  take_arrived();
  if (stopped_) return;
  applier_.time_passed();
  resume(TimePassed{});
}

void StoreRun::stop() {
  resume(Stop{});
  stopped_ = true;
}

void StoreRun::take_arrived() {
  while (auto event = connection_.calls().next(0ns)) {
    if (stopped_) continue;
    applier_.take(*event);
    resume(to_machine<WatchMachine::Event>(*std::move(event)));
  }
}

void StoreRun::resume(WatchMachine::Event event) {
  if (world_.report.violation()) return;
  if (world_.report.is_tracing()) world_.report.trace("event", describe(event));
  if (std::exchange(last_step_, world_.time.now()) != world_.time.now()) steps_in_this_moment_ = 0;
  if (++steps_in_this_moment_ > kMostStepsInOneMoment) {
    return world_.report.violated("the machine spins");
  }
  observer_.before(event);
  for (const WatchMachine::Action& action : machine_.resume(std::move(event), world_.clock.now())) {
    if (world_.report.is_tracing()) world_.report.trace("action", describe(action));
    observer_.before(action);
    std::visit([this](const auto& one) { perform(one); }, action);
  }
  if (world_.report.is_tracing()) {
    world_.report.trace("state", describe(machine_.status(), world_.time.now()));
  }
  connection_.check_tokens();
  observer_.after_step();
  plan_wake();
}

BootTime StoreRun::wake_at() const {
  const Now now = world_.clock.now();
  BootTime at = *machine_.wake_at();
  if (const auto appliers = applier_.wake_at()) at = std::min(at, *appliers);
  if (const auto end = applier_.cell().load()->next_end(now)) {
    at = std::min(at, now.boot + (*end - now.wall));
  }
  return std::max(at, now.boot);
}

void StoreRun::plan_wake() {
  const auto wake = ++wakes_;
  if (!machine_.wake_at()) return;
  world_.time.after(wake_at() - world_.time.now(), [this, wake, here = std::weak_ptr(here_)] {
    if (here.expired() || wake != wakes_ || world_.suspended) return;
    applier_.time_passed();
    resume(TimePassed{});
  });
}

void StoreRun::perform(const OpenConnection& open) { connection_.calls().open(open.endpoint); }

void StoreRun::perform(const CloseConnection&) { connection_.calls().close(); }

void StoreRun::perform(const StartRead& read) {
  connection_.calls().read(
      read.call, {.key = kDocumentKey, .keys_only = read.keys_only, .timeout = read.timeout});
}

void StoreRun::perform(const StartWatch& watch) {
  connection_.calls().watch(watch.call,
                            {.key = kDocumentKey, .start_revision = watch.start_revision});
}

void StoreRun::perform(const CancelCall& cancel) { connection_.calls().cancel(cancel.call); }

void StoreRun::perform(const Apply& apply) { applier_.take(apply, machine_.status()); }

void StoreRun::perform(const RefuseOversized& refuse) { applier_.take(refuse); }

}  // namespace osproxy::etcd::sim
