#include "sim/ack_run.h"

#include <algorithm>
#include <chrono>
#include <utility>
#include <variant>
#include <vector>

#include "osproxy/etcd/fleet_key.h"
#include "osproxy/store/ack.h"
#include "sim/trace_text.h"

namespace osproxy::etcd::sim {
namespace {

using namespace std::chrono_literals;

constexpr char kInstance[] = "proxy-1";

}  // namespace

std::string ack_key() { return fleet_key(kDocumentKey, kInstance); }

AckRun::AckRun(const World& world, AckObserver& observer, Random random)
    : world_(world),
      observer_(observer),
      started_(world.clock.now().wall),
      connection_(world, Random(random.next()),
                  [this] {
                    if (!world_.suspended) take_arrived();
                  }),
      machine_({.endpoints = std::vector<std::string>(world.schedule.members, "member"),
                .instance = kInstance,
                .started = started_},
               Random(random.next())) {}

void AckRun::start() { resume(Start{}); }

void AckRun::report(const AckFacts& facts) {
  if (has_reported_ && facts == reported_) return;
  has_reported_ = true;
  reported_ = facts;
  resume(AckReport{facts});
}

void AckRun::catch_up() {
  take_arrived();
  resume(TimePassed{});
}

void AckRun::stop() { resume(Stop{}); }

void AckRun::take_arrived() {
  while (auto event = connection_.calls().next(0ns))
    resume(to_machine<AckMachine::Event>(*std::move(event)));
}

void AckRun::resume(AckMachine::Event event) {
  if (world_.report.violation()) return;
  if (world_.report.is_tracing()) world_.report.trace("ack event", describe(event));
  observer_.before(event);
  for (const AckMachine::Action& action : machine_.resume(std::move(event), world_.clock.now())) {
    if (world_.report.is_tracing()) world_.report.trace("ack", describe(action));
    observer_.before(action);
    std::visit([this](const auto& one) { perform(one); }, action);
  }
  connection_.check_tokens();
  plan_wake();
}

void AckRun::plan_wake() {
  const auto wake = ++wakes_;
  const auto at = machine_.wake_at();
  if (!at) return;
  const auto delay = std::max<std::chrono::nanoseconds>(*at - world_.time.now(), 0ns);
  world_.time.after(delay, [this, wake, here = std::weak_ptr(here_)] {
    if (here.expired() || wake != wakes_ || world_.suspended) return;
    resume(TimePassed{});
  });
}

void AckRun::perform(const OpenConnection& open) { connection_.calls().open(open.endpoint); }

void AckRun::perform(const CloseConnection&) { connection_.calls().close(); }

void AckRun::perform(const ReadAck& read) {
  connection_.calls().read(
      read.call, {.key = ack_key(), .keys_only = read.keys_only, .timeout = read.timeout});
}

void AckRun::perform(const CountFleet& count) {
  connection_.calls().list(
      count.call,
      {.prefix = fleet_prefix(kDocumentKey), .count_only = true, .timeout = count.timeout});
}

void AckRun::perform(const GrantLease& grant) {
  connection_.calls().grant(grant.call, {.ttl = grant.ttl, .timeout = grant.timeout});
}

void AckRun::perform(const WriteAck& write) {
  const InstanceAck ack{.instance = kInstance,
                        .revision = write.facts.revision,
                        .rejected = write.facts.rejected,
                        .state = write.facts.state,
                        .started = started_,
                        .written = world_.clock.now().wall};
  connection_.calls().write(write.call, {.key = ack_key(),
                                         .value = encode_ack(ack),
                                         .expected = write.expected,
                                         .guard = std::nullopt,
                                         .lease = write.lease,
                                         .timeout = write.timeout});
}

void AckRun::perform(const KeepLeaseAlive& keep) {
  connection_.calls().keep_alive(keep.call, {.lease = keep.lease, .timeout = keep.timeout});
}

void AckRun::perform(const RevokeLease& revoke) {
  connection_.calls().revoke(revoke.call, {.lease = revoke.lease, .timeout = revoke.timeout});
}

}  // namespace osproxy::etcd::sim
