// The events and actions that the etcd machines share: the watch (etcd/watch_machine.h), the ack
// (etcd/ack_machine.h), the anchors (etcd/anchor_machine.h) and the history
// (etcd/history_machine.h).
//
// Each machine decides, and does nothing itself: it has no socket, thread or clock, so that every
// decision can be tested and simulated. All are driven in the same way:
//
//   auto event = transport.next(until(machine.wake_at()));
//   for (Machine::Action& action : machine.resume(
//            event ? to_machine<Machine::Event>(*std::move(event)) : TimePassed{}, clock.now())) {
//     std::visit([](auto& one) { perform(one); }, action);
//   }
//
// - `Machine::Event` is a variant: Start, Stop and TimePassed where the machine takes them, events
// that it alone has, and those of the transport that end its calls.
// - `resume(event, now)` takes one event and returns the actions to perform, in their order. `now`
// never goes back.
// - `wake_at()` says when to resume with TimePassed if nothing happens before; nullopt: never.
//
// A response to a call that the machine no longer waits for changes nothing. An early TimePassed
// changes nothing either.
#pragma once

#include <cstddef>
#include <type_traits>
#include <utility>
#include <variant>

#include "osproxy/etcd/protocol.h"

namespace osproxy::etcd {

/// Once, first.
struct Start {};

/// At wake_at(), or at any other time.
struct TimePassed {};

/// The machine ends its calls. It ignores all later events.
struct Stop {};

/// Drop the connection, if there is one, and open another one.
struct OpenConnection {
  std::size_t endpoint;  ///< an index into the endpoints of the machine's options
};

/// Drop the connection, and with it all calls on it.
struct CloseConnection {};

/// The transport's event as an event of a machine. A machine that does not take this kind of event
/// has started no such call: it gets a TimePassed instead.
template <class MachineEvent, class Event>
  requires std::is_same_v<std::remove_cvref_t<Event>, TransportEvent>
MachineEvent to_machine(Event&& event) {
  return std::visit(
      []<class T>(T&& one) -> MachineEvent {
        if constexpr (std::is_constructible_v<MachineEvent, T>) {
          return std::forward<T>(one);
        } else {
          return TimePassed{};
        }
      },
      std::forward<Event>(event));
}

}  // namespace osproxy::etcd
