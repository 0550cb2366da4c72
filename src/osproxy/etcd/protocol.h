// What goes to etcd and what comes back, as plain values: the words that the machine and the
// transport share. Every started call has an id and ends in exactly one ReadDone, WriteDone or
// CallFailed; a watch has any number of WatchAnswers before its CallFailed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "osproxy/etcd/failure.h"

namespace osproxy::etcd {

/// etcd's count of changes of the whole store, or the one at which a key changed last. 0: none.
using Revision = std::int64_t;

/// Chosen by the caller, never used twice on one transport.
enum class CallId : std::uint64_t {};

/// Of every answer. `cluster_id` is 0 where etcd leaves it out (some answers of its grpc-proxy).
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

struct WatchEvent {
  bool deleted = false;
  Revision mod_revision = 0;  ///< of a deletion: the revision at which the key was deleted
  std::string value{};
};

/// One message on a watch's stream, as it came.
struct WatchAnswer {
  CallId call{};
  Header header{};
  bool created = false;
  bool canceled = false;
  bool fragment = false;  ///< more events of the same answer follow in the next one
  Revision compact_revision = 0;
  std::string cancel_reason{};
  std::vector<WatchEvent> events{};
};

struct WriteDone {
  CallId call{};
  Header header{};
  bool succeeded = false;     ///< false: the revision was not the expected one
  Revision mod_revision = 0;  ///< of the key now
  std::string value{};        ///< what is there instead, if not `succeeded`
};

struct CallFailed {
  CallId call{};
  Failure failure{};
};

using TransportEvent = std::variant<ReadDone, WatchAnswer, WriteDone, CallFailed>;

}  // namespace osproxy::etcd
