#include "osproxy/net/asio_types.h"

namespace osproxy {
Task<std::size_t> receive_into(std::span<char> room);
Task<bool> send(std::span<char> bytes);
Task<> example(TransferBuffers& buffers) { EXAMPLE(1); }
}  // namespace osproxy
