// The way to etcd: one connection at a time, calls on it, and their results.
//
//   auto transport = make_grpc_transport({"10.0.0.1:2379"});
//   transport->open(0);
//   transport->read(CallId{1}, {.key = "osproxy/directives", .timeout = 3s});
//   while (auto event = transport->next(1s)) …        // ReadDone or CallFailed of call 1
//
// It decides nothing: no retries, no timers of its own but the calls' deadlines, no state beyond
// what is under way. All decisions are the watch machine's.
//
// Every call ends, by its timeout at the latest, in one event that next() returns; a watch has no
// timeout and ends when the server, cancel(), open() or close() ends it. A call that is started
// while nothing is open fails.
//
// Thread safety: belongs to one thread, but for wake(), which any thread may call.
// The destructor cancels what is under way and waits for its end, in bounded time and whatever the
// other side does; the calls' events are then dropped.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "osproxy/core/clock.h"
#include "osproxy/etcd/etcd_options.h"
#include "osproxy/etcd/protocol.h"

namespace osproxy::etcd {

struct ReadRequest {
  std::string key;
  bool keys_only = false;
  std::chrono::nanoseconds timeout;
};

struct ListRequest {
  std::string prefix;       ///< not empty
  bool count_only = false;  ///< how many keys there are, without them
  std::chrono::nanoseconds timeout;
};

struct WatchRequest {
  std::string key;
  Revision start_revision;  ///< the first revision of interest
};

/// That a key is as it was when it was read.
struct KeyCondition {
  std::string key;
  Revision mod_revision;  ///< 0: there is no such key
};

struct WriteRequest {
  std::string key;
  std::optional<std::string> value;     ///< nullopt deletes the key
  std::optional<Revision> expected{};   ///< only if this is the key's mod_revision; 0: no such key
  std::optional<KeyCondition> guard{};  ///< only if this holds too, of another key
  LeaseId lease = 0;                    ///< a put key is deleted with it; 0: it stays
  std::chrono::nanoseconds timeout;
};

struct GrantRequest {
  std::chrono::seconds ttl;
  std::chrono::nanoseconds timeout;
};

struct KeepAliveRequest {
  LeaseId lease;
  std::chrono::nanoseconds timeout;
};

struct RevokeRequest {
  LeaseId lease;
  std::chrono::nanoseconds timeout;
};

struct AuthRequest {
  std::string user;
  std::string password;
  std::chrono::nanoseconds timeout;
};

class Transport {
 public:
  virtual ~Transport() = default;
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;

  /// Drops the connection, cancelling its calls, for a fresh one to `endpoint` (an index into those
  /// the transport was made for). Returns at once; that there is no connection shows in the calls.
  virtual void open(std::size_t endpoint) = 0;

  /// Drops the connection, cancelling its calls.
  virtual void close() = 0;

  /// A linearizable read.
  virtual void read(CallId call, const ReadRequest& request) = 0;

  /// A linearizable read of all keys with a prefix, as of one revision.
  virtual void list(CallId call, const ListRequest& request) = 0;

  /// A watch of one key, on a stream of its own; only members with a leader serve it.
  virtual void watch(CallId call, const WatchRequest& request) = 0;

  /// A transaction that writes or deletes the key.
  virtual void write(CallId call, const WriteRequest& request) = 0;

  /// A new lease, under an id that etcd chooses.
  virtual void grant(CallId call, const GrantRequest& request) = 0;

  /// Lets a lease live for its whole ttl again.
  virtual void keep_alive(CallId call, const KeepAliveRequest& request) = 0;

  /// Ends a lease, and deletes its keys.
  virtual void revoke(CallId call, const RevokeRequest& request) = 0;

  /// Asks for a token by which etcd knows a user.
  virtual void authenticate(CallId call, const AuthRequest& request) = 0;

  /// The calls that are started from now on carry this token, on every connection.
  virtual void use_token(std::string token) = 0;

  /// Ends a call early. Nothing happens if it has ended.
  virtual void cancel(CallId call) = 0;

  /// The next event; waits for it for at most `timeout`, or until wake(): then nullopt.
  virtual std::optional<TransportEvent> next(std::chrono::nanoseconds timeout) = 0;

  /// Ends the next() that is waiting, or the one that comes.
  virtual void wake() = 0;

 protected:
  Transport() = default;
};

/// Over gRPC, without a user. `endpoints` are as parse_endpoints() (etcd/endpoints.h) has them. The
/// TLS files of `credentials` are read for each connection; if they cannot be used, those of the
/// last connection are, and what fails says so.
std::unique_ptr<Transport> make_grpc_transport(std::vector<std::string> endpoints,
                                               EtcdCredentials credentials = {});

/// The same with the user of `credentials`, if there is one (etcd/auth_transport.h). `clock` must
/// outlive the transport.
std::unique_ptr<Transport> make_transport(std::vector<std::string> endpoints,
                                          EtcdCredentials credentials, const Clock& clock);

}  // namespace osproxy::etcd
