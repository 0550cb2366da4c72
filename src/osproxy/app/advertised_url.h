// The URL under which others reach this instance's admin listener. Its ack carries it.
//
//   AdvertisedUrl url;
//   url.set(find_advertised_url("", {"0.0.0.0", 9901}, false, etcd_endpoints));
//   url.get();  // "http://10.0.0.7:9901"
//
// Thread safety: AdvertisedUrl: any thread; find_advertised_url() is a function without state.
#pragma once

#include <mutex>
#include <span>
#include <string>
#include <utility>

#include "osproxy/core/address.h"

namespace osproxy::app {

/// Empty until it is set: the port may be known only once the listener is open.
class AdvertisedUrl {
 public:
  void set(std::string url) {
    const std::lock_guard lock(mutex_);
    url_ = std::move(url);
  }

  std::string get() const {
    const std::lock_guard lock(mutex_);
    return url_;
  }

 private:
  mutable std::mutex mutex_;
  std::string url_;  // guarded by mutex_
};

/// Returns `given` (--admin-advertise) if it is not empty, else the URL of `listener`; with https
/// if the listener speaks `tls`, unless `given` has a scheme. If the listener is an address that
/// stands for all of the machine's, it is the address from which the machine reaches the first of
/// `etcd_endpoints` that is an IP address or localhost; without one, or with names only, that of
/// its default route; without a route, the machine's host name. It sends nothing, and asks no name
/// server, which could block the start. Empty: none can be found.
std::string find_advertised_url(const std::string& given, const HostPort& listener, bool tls,
                                std::span<const std::string> etcd_endpoints);

}  // namespace osproxy::app
