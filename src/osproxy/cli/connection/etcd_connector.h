// The real etcd behind the commands.
#pragma once

#include "osproxy/cli/run/environment.h"

namespace osproxy::cli {

/// Connects with the library's own publisher and store. `clock` must outlive what is opened.
EtcdConnector make_etcd_connector(const Clock& clock);

}  // namespace osproxy::cli
