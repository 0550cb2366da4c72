// Which pooled connections a request may be sent on. A leaf header.
#pragma once

#include <cstdint>

namespace osproxy {

enum class ReusePolicy : std::uint8_t {
  Any,     ///< for a request that can be sent again, should the node have closed the connection
  Recent,  ///< one that was used a moment ago: the node is not about to close it
  None,    ///< only a new one
};

}  // namespace osproxy
