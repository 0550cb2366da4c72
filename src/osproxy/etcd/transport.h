// The connection to etcd: one at a time, the calls on it, and their results.
//
//   auto transport = make_grpc_transport({"10.0.0.1:2379"});
//   transport->open(0);
//   transport->read(CallId{1}, {.key = "osproxy/directives", .timeout = 3s});
//   while (auto event = transport->next(1s)) …   // ReadDone or CallFailed of call 1
//
// The transport decides nothing. It has no retries, no timers but the calls' deadlines, and no
// state but the calls under way. The machines decide (etcd/machine_events.h).
//
// Every call ends in one event that next() returns, by its timeout at the latest. A watch has no
// timeout: it ends when the server, cancel(), open() or close() ends it. A call that is started
// while no connection is open fails.
//
// Thread safety: belongs to one thread, but for wake(), which any thread may call.
// The destructor cancels all calls and waits for their end. That takes a bounded time, whatever
// state the server is in. The calls' events are dropped.
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
  Revision at = 0;  ///< reads the key of this revision; 0: the current one
  std::chrono::nanoseconds timeout;
};

enum class ListOrder : std::uint8_t { ByKey, OldestFirst, NewestFirst };

/// Members: the options of etcd's range that the callers use.
struct ListRequest {
  std::string prefix;                  ///< not empty
  bool count_only = false;             ///< only the number of keys
  bool keys_only = false;              ///< without the values
  std::string first{};                 ///< the first key to list; empty: the first with the prefix
  std::int64_t limit = 0;              ///< at most so many keys; 0: all
  ListOrder order = ListOrder::ByKey;  ///< by when the keys were created, or by name
  Revision min_created = 0;            ///< only keys that were created at this revision or later
  Revision max_created = 0;            ///< or at this one or earlier; 0: all
  std::chrono::nanoseconds timeout;
};

struct WatchRequest {
  std::string key;
  Revision start_revision;   ///< of the first change to report; 0: those after the call
  bool with_before = false;  ///< each change with the key as it was before
  bool is_prefix = false;    ///< of all keys that begin with `key`
};

/// A key has not changed since it was read.
struct KeyCondition {
  std::string key;
  Revision mod_revision;  ///< 0: there is no such key
};

/// A further key that a transaction writes.
struct AlsoWrite {
  std::string key;
  std::optional<std::string> value{};  ///< nullopt deletes the key
  std::optional<Revision> expected{};  ///< a condition: the key's mod_revision; 0: no such key
};

struct WriteRequest {
  std::string key;
  std::optional<std::string> value;     ///< nullopt deletes the key
  std::optional<Revision> expected{};   ///< a condition: the key's mod_revision; 0: no such key
  std::optional<KeyCondition> guard{};  ///< a condition on another key
  LeaseId lease = 0;                    ///< the key is deleted when it ends; 0: the key stays
  std::vector<AlsoWrite> also{};        ///< in the same transaction; etcd takes 128 in all
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

  /// Drops the connection, cancels its calls, and opens a fresh one to `endpoint`, an index into
  /// the endpoints that the transport was made with. Returns at once: if the connection fails, the
  /// calls on it do.
  virtual void open(std::size_t endpoint) = 0;

  /// Drops the connection and cancels its calls.
  virtual void close() = 0;

  /// A linearizable read.
  virtual void read(CallId call, const ReadRequest& request) = 0;

  /// A linearizable read of all keys with a prefix, as of one revision.
  virtual void list(CallId call, const ListRequest& request) = 0;

  /// A watch of one key, or of all with a prefix, on a separate stream. Only members with a leader
  /// serve it.
  virtual void watch(CallId call, const WatchRequest& request) = 0;

  /// A transaction that writes or deletes the key.
  virtual void write(CallId call, const WriteRequest& request) = 0;

  /// Grants a lease, whose id etcd chooses.
  virtual void grant(CallId call, const GrantRequest& request) = 0;

  /// Renews a lease for its whole ttl.
  virtual void keep_alive(CallId call, const KeepAliveRequest& request) = 0;

  /// Ends a lease and deletes its keys.
  virtual void revoke(CallId call, const RevokeRequest& request) = 0;

  /// Gets a token, by which etcd recognises a user.
  virtual void authenticate(CallId call, const AuthRequest& request) = 0;

  /// All later calls carry this token, on every connection.
  virtual void use_token(std::string token) = 0;

  /// Ends a call early. Does nothing if it has ended.
  virtual void cancel(CallId call) = 0;

  /// Waits for the next event. nullopt after `timeout`, and after wake().
  virtual std::optional<TransportEvent> next(std::chrono::nanoseconds timeout) = 0;

  /// Ends the next() that is waiting, or else the following one.
  virtual void wake() = 0;

 protected:
  Transport() = default;
};

/// Of a message: above the document's limit of 1 MiB plus framing, and above the 2 MiB at which
/// etcd cuts a watch response into fragments by default. A larger message is refused by its length,
/// before it is read.
inline constexpr int kMaxReceiveBytes = 4 << 20;

/// Over gRPC, without a user. `endpoints` come from parse_endpoints() (etcd/endpoints.h). The TLS
/// files of `credentials` are read for each connection. If they cannot be used, the files of the
/// last connection stay in use, and each failure says so.
std::unique_ptr<Transport> make_grpc_transport(std::vector<std::string> endpoints,
                                               EtcdCredentials credentials = {},
                                               int max_receive_bytes = kMaxReceiveBytes);

/// The same with the user of `credentials`, if there is one (etcd/auth_transport.h). `clock` must
/// outlive the transport.
std::unique_ptr<Transport> make_transport(std::vector<std::string> endpoints,
                                          EtcdCredentials credentials, const Clock& clock,
                                          int max_receive_bytes = kMaxReceiveBytes);

}  // namespace osproxy::etcd
