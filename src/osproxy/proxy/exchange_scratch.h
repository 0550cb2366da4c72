// What an exchange borrows from its worker while it is under way; see loan.h.
#pragma once

#include <string>

#include "osproxy/http/head.h"

namespace osproxy {

/// Keeps its memory, so that an exchange allocates nothing for the heads that it reads and writes.
struct ExchangeScratch {
  http::ResponseHead response{};
  std::string head_out{};
};

}  // namespace osproxy
