// Which requests osproxy adds its ids to. A leaf header.
#pragma once

#include <cstdint>

namespace osproxy {

/// For a header that osproxy adds to a request that came without it.
enum class IdPolicy : std::uint8_t {
  Off,       ///< to none
  Selected,  ///< to the requests that a directive selects
  All,       ///< to all
};

struct UpstreamIds {
  IdPolicy opaque_id = IdPolicy::Selected;   ///< `X-Opaque-Id`
  IdPolicy request_id = IdPolicy::Selected;  ///< `X-Request-Id`
};

}  // namespace osproxy
