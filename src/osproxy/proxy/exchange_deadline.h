// The time limit for a whole exchange: it ends the operation under way, on either connection.
//
//   ExchangeDeadline deadline(deadlines, client);
//   deadline.start(30s);
//   deadline.set_upstream(&upstream);            // from here on this one is ended too
//   result.error = deadline.or_timeout(http::ProxyError::ClientGone);
//
// Without start() it never passes and costs nothing. Belongs to its worker; the connections must
// outlive it.
#pragma once

#include <chrono>
#include <optional>

#include "osproxy/http/error_response.h"
#include "osproxy/net/connection.h"
#include "osproxy/net/deadlines.h"

namespace osproxy {

class ExchangeDeadline {
 public:
  ExchangeDeadline(Deadlines& deadlines, Connection& client)
      : deadlines_(deadlines), client_(client) {}
  ExchangeDeadline(const ExchangeDeadline&) = delete;
  ExchangeDeadline& operator=(const ExchangeDeadline&) = delete;

  void start(std::chrono::milliseconds limit) {
    deadline_.emplace(deadlines_, [this] { pass(); });
    deadline_->expire_after(limit);
  }
  void stop() noexcept { deadline_.reset(); }

  /// The node's connection, or null while there is none.
  void set_upstream(Connection* upstream) noexcept { upstream_ = upstream; }

  bool has_passed() const noexcept { return has_passed_; }

  /// The reason why something ended: the time limit if it has passed, else `error`.
  http::ProxyError or_timeout(http::ProxyError error) const noexcept {
    return has_passed_ ? http::ProxyError::ExchangeTimeout : error;
  }

 private:
  void pass() {
    has_passed_ = true;
    client_.cancel();
    if (upstream_ != nullptr) upstream_->cancel();
    // An operation that had just completed is followed by another one: the next tick ends that.
    deadline_->expire_after(std::chrono::milliseconds(0));
  }

  Deadlines& deadlines_;
  Connection& client_;
  Connection* upstream_ = nullptr;
  std::optional<Deadline> deadline_;
  bool has_passed_ = false;
};

}  // namespace osproxy
