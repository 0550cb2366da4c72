// The response that osproxy gives itself when an exchange fails: its status, and a sentence for the
// client.
//
// Pure. Every reason is a constant: nothing of the request reaches it.
#pragma once

#include <string_view>

#include "osproxy/proxy/exchange_result.h"

namespace osproxy {

struct Refusal {
  int status;
  std::string_view reason;
  int retry_after_s = 0;  ///< Retry-After; 0: none
};

Refusal refusal_for(const ExchangeResult& result) noexcept;

}  // namespace osproxy
