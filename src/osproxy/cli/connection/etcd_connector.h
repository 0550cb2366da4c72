// Connects the commands to a real etcd.
#pragma once

#include "osproxy/cli/run/environment.h"

namespace osproxy::cli {

/// Uses the library's publisher, store and fleet reader. `clock` must outlive all that is opened.
EtcdConnector make_etcd_connector(const Clock& clock);

}  // namespace osproxy::cli
