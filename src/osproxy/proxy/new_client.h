// A connection that was accepted and is on its way to the worker that serves it.
#pragma once

#include <utility>

#include <boost/asio/ip/tcp.hpp>
#include <unistd.h>

#include "osproxy/proxy/client_limits.h"

namespace osproxy {

/// Owns the socket until release().
class NewClient {
 public:
  NewClient(int descriptor, const boost::asio::ip::tcp::endpoint& from,
            ClientLimits::Admission admitted)
      : peer(from), admission(std::move(admitted)), descriptor_(descriptor) {}
  NewClient(NewClient&& other) noexcept
      : peer(other.peer),
        admission(std::move(other.admission)),
        descriptor_(std::exchange(other.descriptor_, -1)) {}
  NewClient(const NewClient&) = delete;
  NewClient& operator=(const NewClient&) = delete;
  NewClient& operator=(NewClient&&) = delete;
  ~NewClient() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }

  int release() noexcept { return std::exchange(descriptor_, -1); }

  const boost::asio::ip::tcp::endpoint peer;
  ClientLimits::Admission admission;

 private:
  int descriptor_;
};

}  // namespace osproxy
