// Requests to etcd and its responses, as plain values, for the machines and the transport.
//
// Every started call has an id and ends in exactly one event: the one of its kind (ReadDone for a
// read, …) or CallFailed. A watch has any number of WatchResponses before its CallFailed.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "osproxy/etcd/failure.h"

namespace osproxy::etcd {

/// etcd counts the changes of its whole store. A key's mod_revision is the count at its last
/// change. 0: none.
using Revision = std::int64_t;

/// A key that is put under a lease is deleted when the lease ends. 0: none.
using LeaseId = std::int64_t;

/// Chosen by the caller; never used twice on one transport.
enum class CallId : std::uint64_t {};

/// Part of every response. `cluster_id` is 0 where etcd leaves it out, as its grpc-proxy sometimes
/// does.
struct Header {
  std::uint64_t cluster_id = 0;
  Revision revision = 0;

  friend bool operator==(const Header&, const Header&) = default;
};

struct ReadDone {
  CallId call{};
  Header header{};
  Revision mod_revision = 0;  ///< 0: there is no such key
  std::string value{};        ///< empty if the request was `keys_only`
  LeaseId lease = 0;          ///< that the key ends with; 0: the key stays
};

struct KeyValue {
  std::string key{};
  Revision mod_revision = 0;
  std::string value{};
  LeaseId lease = 0;
  std::int64_t version = 1;  ///< writes of the key since it was created
  Revision create_revision = 0;

  friend bool operator==(const KeyValue&, const KeyValue&) = default;
};

struct ListDone {
  CallId call{};
  Header header{};
  /// Of the keys with the prefix, from the request's first key on, whenever they were created.
  std::int64_t count = 0;
  /// In the order of the request; empty if the request was `count_only`.
  std::vector<KeyValue> entries{};
};

struct WatchEvent {
  bool deleted = false;
  Revision mod_revision = 0;  ///< of a deletion: the revision at which the key was deleted
  std::string value{};
  std::string key{};
  Revision create_revision = 0;  ///< of the key
  /// The key before the change; nullopt: it did not exist, is compacted, or was not asked for.
  std::optional<KeyValue> before{};
};

/// One message on a watch's stream, unchanged.
struct WatchResponse {
  CallId call{};
  Header header{};
  bool created = false;
  bool canceled = false;
  bool fragment = false;  ///< more events of this response follow in the next message
  Revision compact_revision = 0;
  std::string cancel_reason{};
  std::vector<WatchEvent> events{};
};

struct WriteDone {
  CallId call{};
  Header header{};
  bool succeeded = false;     ///< false: a condition did not hold, and nothing was written
  Revision mod_revision = 0;  ///< of the key now; 0: there is no such key
  std::string value{};        ///< the key's value now, if not `succeeded`
  LeaseId lease = 0;          ///< its lease, if not `succeeded`
  /// If not `succeeded`: the keys of WriteRequest::also with a condition that exist; no values.
  std::vector<KeyValue> also{};
};

struct GrantDone {
  CallId call{};
  LeaseId lease = 0;
  std::chrono::seconds ttl{};  ///< etcd may grant a longer one: its election timeout is the least
};

struct KeptAlive {
  CallId call{};
  std::chrono::seconds ttl{};  ///< the remaining time; 0: the lease is gone
};

struct Revoked {
  CallId call{};
};

struct Authenticated {
  CallId call{};
  std::string token{};
};

struct CallFailed {
  CallId call{};
  Failure failure{};
};

using TransportEvent = std::variant<ReadDone, ListDone, WatchResponse, WriteDone, GrantDone,
                                    KeptAlive, Revoked, Authenticated, CallFailed>;

}  // namespace osproxy::etcd
