// The machines' events, actions and state as text, for the trace of a simulation.
#pragma once

#include <string>

#include "osproxy/etcd/ack_machine.h"
#include "osproxy/etcd/watch_machine.h"

namespace osproxy::etcd::sim {

std::string describe(const WatchMachine::Event& event);
std::string describe(const AckMachine::Event& event);
std::string describe(const WatchMachine::Action& action);
std::string describe(const AckMachine::Action& action);
std::string describe(const WatchStatus& status, BootTime now);

}  // namespace osproxy::etcd::sim
