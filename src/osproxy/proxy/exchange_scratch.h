// Memory that an exchange borrows from its worker (net/object_pool.h).
#pragma once

#include <string>

#include "osproxy/http/head.h"

namespace osproxy {

/// The strings and vectors keep their memory: heads are read and written without allocation.
struct ExchangeScratch {
  http::ResponseHead response{};
  std::string head_out{};
};

}  // namespace osproxy
