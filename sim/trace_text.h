// The machines' events, actions and state as text, for the trace of a simulation.
#pragma once

#include <string>

#include "osproxy/etcd/ack_machine.h"
#include "osproxy/etcd/watch_machine.h"

namespace osproxy::etcd::sim {

std::string describe(const Event& event);
std::string describe(const AckEvent& event);
std::string describe(const Action& action);
std::string describe(const AckAction& action);
std::string describe(const MachineStatus& status, BootTime now);

}  // namespace osproxy::etcd::sim
