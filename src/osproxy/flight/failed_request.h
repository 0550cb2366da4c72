// Whether a request counts as failed: for the recorder, `recent`, and the errors of `top`.
#pragma once

#include "osproxy/record/record.h"

namespace osproxy {

/// By its status as sent to the client: OpenSearch rejects with 429, and 5xx says that it failed.
constexpr bool is_failed_status(int status) noexcept {
  constexpr int kTooManyRequests = 429;
  return status == kTooManyRequests || status >= 500;
}

/// By that, by an error of osproxy's (a refusal, a client that has left), or by failed items of a
/// bulk request, as far as its response was read.
inline bool is_failed(const Record& record) noexcept {
  return is_failed_status(record.status) || !record.error.empty() ||
         (record.response && (record.response->failed_items.value_or(0) > 0 ||
                              record.response->errors.value_or(false)));
}

}  // namespace osproxy
