// Recognizes the request of a client that learns the nodes' addresses, to go past this proxy.
//
//   assert(asks_for_nodes("/_nodes/_all/http?timeout=1s"));
//   assert(!asks_for_nodes("/_nodes/stats"));
//
// Pure; allocates nothing.
#pragma once

#include <string_view>

namespace osproxy {

/// True for `/_nodes/http` and `/_nodes/{nodes}/http`, also among other metrics and after a prefix
/// of the path, as the sniffers of clients send them.
bool asks_for_nodes(std::string_view target) noexcept;

}  // namespace osproxy
