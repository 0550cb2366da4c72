// A transport whose other side is the test: it sees each call that is started and decides what
// comes back, and when.
//
//   auto peer = std::make_shared<FakePeer>();
//   … FakeTransport(peer) goes to the store, on whose thread it lives …
//   const auto read = peer->await_read();
//   peer->deliver(ReadDone{.call = read.call, …});
//
// Thread safety: FakePeer may be used from any thread.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <utility>

#include "osproxy/etcd/transport.h"

namespace osproxy::etcd {

template <class Request>
struct Started {
  CallId call;
  Request request;
};

/// Members: the calls of each kind that were started, and what the transport gets of the test.
class FakePeer {
 public:
  // The test's side.
  Started<ReadRequest> await_read() { return await(reads_); }
  Started<ListRequest> await_list() { return await(lists_); }
  Started<WatchRequest> await_watch() { return await(watches_); }
  Started<WriteRequest> await_write() { return await(writes_); }
  Started<GrantRequest> await_grant() { return await(grants_); }
  Started<KeepAliveRequest> await_keep_alive() { return await(keep_alives_); }
  Started<RevokeRequest> await_revoke() { return await(revokes_); }
  Started<AuthRequest> await_authentication() { return await(authentications_); }
  std::string token() const {
    const std::lock_guard lock(mutex_);
    return token_;
  }
  /// How many calls have been started in all.
  std::size_t started() const {
    const std::lock_guard lock(mutex_);
    return started_;
  }
  void deliver(TransportEvent event) {
    const std::lock_guard lock(mutex_);
    events_.push_back(std::move(event));
    changed_.notify_all();
  }
  void wake() {
    const std::lock_guard lock(mutex_);
    woken_ = true;
    changed_.notify_all();
  }
  /// The endpoint of the newest connection.
  std::size_t endpoint() const {
    const std::lock_guard lock(mutex_);
    return endpoint_;
  }
  bool is_gone() const {
    const std::lock_guard lock(mutex_);
    return gone_;
  }

 private:
  friend class FakeTransport;

  template <class Request>
  using Queue = std::deque<Started<Request>>;

  template <class Request>
  Started<Request> await(Queue<Request>& queue) {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, std::chrono::seconds{60}, [&] { return !queue.empty(); })) {
      throw std::runtime_error("no such call was started");
    }
    Started<Request> first = std::move(queue.front());
    queue.pop_front();
    return first;
  }

  template <class Request>
  void start(Queue<Request>& queue, CallId call, const Request& request) {
    const std::lock_guard lock(mutex_);
    queue.push_back({.call = call, .request = request});
    ++started_;
    changed_.notify_all();
  }

  std::optional<TransportEvent> next(std::chrono::nanoseconds timeout) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, timeout, [&] { return woken_ || !events_.empty(); });
    if (events_.empty()) {
      woken_ = false;
      return std::nullopt;
    }
    TransportEvent event = std::move(events_.front());
    events_.pop_front();
    return event;
  }

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  // Guarded by mutex_.
  Queue<ReadRequest> reads_;
  Queue<ListRequest> lists_;
  Queue<WatchRequest> watches_;
  Queue<WriteRequest> writes_;
  Queue<GrantRequest> grants_;
  Queue<KeepAliveRequest> keep_alives_;
  Queue<RevokeRequest> revokes_;
  Queue<AuthRequest> authentications_;
  std::string token_;
  std::size_t started_ = 0;
  std::size_t endpoint_ = 0;
  std::deque<TransportEvent> events_;
  bool woken_ = false;
  bool gone_ = false;
};

class FakeTransport final : public Transport {
 public:
  explicit FakeTransport(std::shared_ptr<FakePeer> peer) : peer_(std::move(peer)) {}
  ~FakeTransport() override {
    const std::lock_guard lock(peer_->mutex_);
    peer_->gone_ = true;
  }

  void open(std::size_t endpoint) override {
    const std::lock_guard lock(peer_->mutex_);
    peer_->endpoint_ = endpoint;
  }
  void close() override {}
  void read(CallId call, const ReadRequest& request) override {
    peer_->start(peer_->reads_, call, request);
  }
  void list(CallId call, const ListRequest& request) override {
    peer_->start(peer_->lists_, call, request);
  }
  void watch(CallId call, const WatchRequest& request) override {
    peer_->start(peer_->watches_, call, request);
  }
  void write(CallId call, const WriteRequest& request) override {
    peer_->start(peer_->writes_, call, request);
  }
  void grant(CallId call, const GrantRequest& request) override {
    peer_->start(peer_->grants_, call, request);
  }
  void keep_alive(CallId call, const KeepAliveRequest& request) override {
    peer_->start(peer_->keep_alives_, call, request);
  }
  void revoke(CallId call, const RevokeRequest& request) override {
    peer_->start(peer_->revokes_, call, request);
  }
  void authenticate(CallId call, const AuthRequest& request) override {
    peer_->start(peer_->authentications_, call, request);
  }
  void use_token(std::string token) override {
    const std::lock_guard lock(peer_->mutex_);
    peer_->token_ = std::move(token);
  }
  void cancel(CallId) override {}
  std::optional<TransportEvent> next(std::chrono::nanoseconds timeout) override {
    return peer_->next(timeout);
  }
  void wake() override { peer_->wake(); }

 private:
  const std::shared_ptr<FakePeer> peer_;
};

}  // namespace osproxy::etcd
