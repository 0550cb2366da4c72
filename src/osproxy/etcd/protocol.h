// What goes to etcd and what comes back, as plain values: the words that the machine and the
// transport share. Every started call has an id and ends in exactly one event: that of its kind
// (ReadDone for a read, …) or CallFailed; a watch has any number of WatchResponses before its
// CallFailed.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "osproxy/etcd/failure.h"

namespace osproxy::etcd {

/// etcd's count of changes of the whole store, or the one at which a key changed last. 0: none.
using Revision = std::int64_t;

/// Keys that are put under a lease are deleted when it ends. 0: none.
using LeaseId = std::int64_t;

/// Chosen by the caller, never used twice on one transport.
enum class CallId : std::uint64_t {};

/// Of every response. `cluster_id` is 0 where etcd leaves it out (some responses of its
/// grpc-proxy).
struct Header {
  std::uint64_t cluster_id = 0;
  Revision revision = 0;

  friend bool operator==(const Header&, const Header&) = default;
};

struct ReadDone {
  CallId call{};
  Header header{};
  Revision mod_revision = 0;  ///< 0: there is no such key
  std::string value{};        ///< empty if only the key was asked for
};

struct KeyValue {
  std::string key{};
  Revision mod_revision = 0;
  std::string value{};

  friend bool operator==(const KeyValue&, const KeyValue&) = default;
};

struct ListDone {
  CallId call{};
  Header header{};
  std::int64_t count = 0;  ///< of the keys with the prefix
  std::vector<KeyValue>
      entries{};  ///< in the order of the keys; none if only the count was asked for
};

struct WatchEvent {
  bool deleted = false;
  Revision mod_revision = 0;  ///< of a deletion: the revision at which the key was deleted
  std::string value{};
};

/// One message on a watch's stream, as it came.
struct WatchResponse {
  CallId call{};
  Header header{};
  bool created = false;
  bool canceled = false;
  bool fragment = false;  ///< more events of the same response follow in the next one
  Revision compact_revision = 0;
  std::string cancel_reason{};
  std::vector<WatchEvent> events{};
};

struct WriteDone {
  CallId call{};
  Header header{};
  bool succeeded = false;     ///< false: a condition did not hold, and nothing was written
  Revision mod_revision = 0;  ///< of the key now; 0: there is no such key
  std::string value{};        ///< what is there instead, if not `succeeded`
};

struct GrantDone {
  CallId call{};
  LeaseId lease = 0;
  std::chrono::seconds ttl{};  ///< what etcd grants: at least what its election timeout allows
};

struct KeptAlive {
  CallId call{};
  std::chrono::seconds ttl{};  ///< what is left from now; 0: the lease is gone
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
