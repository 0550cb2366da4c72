// The state of the fleet by its acks: which instances have applied the current document, and why
// the others have not.
//
//   auto fleet = reader.read();
//   if (!fleet) fail(fleet.error());
//   for (const FleetMember& member : fleet->members) show(member.instance, member.why);
//
// Values, pure functions and one narrow interface, so that an admin listener or a command that
// shows a fleet does not depend on etcd. Thread safety: see FleetReader.
#pragma once

#include <cstdint>
#include <expected>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "osproxy/store/ack.h"
#include "osproxy/store/directive_store.h"

namespace osproxy {

struct FleetMember {
  std::string instance{};
  std::optional<InstanceAck> ack{};  ///< none: it cannot be read, and `why` says so
  bool applied = false;              ///< it holds the current document
  std::string why{};                 ///< why not, for a person; empty if it has applied it

  friend bool operator==(const FleetMember&, const FleetMember&) = default;
};

struct Fleet {
  std::int64_t revision = 0;           ///< of the current document; 0: none
  std::vector<FleetMember> members{};  ///< by instance
  std::int64_t left_out = 0;           ///< keys that were not read: there are too many

  std::size_t count_applied() const;
  std::size_t count_synced() const;  ///< applied, and its store is synced
  /// Not if instances are left out: nothing is known of them.
  bool all_applied() const { return left_out == 0 && count_applied() == members.size(); }

  friend bool operator==(const Fleet&, const Fleet&) = default;
};

/// The document that acks are compared with.
struct CurrentDocument {
  std::int64_t revision = 0;  ///< 0: none
  /// The newest revision that was read. An ack above it was written later, and is newer than this.
  std::int64_t seen = 0;
  /// The newest revision that the cluster has had. No ack above it is believed.
  std::int64_t newest = std::numeric_limits<std::int64_t>::max();
};

/// Judges a member by its ack.
FleetMember judge_member(InstanceAck ack, CurrentDocument current);

/// Judges a member by the value of its key, which anybody may have written. `instance` is the
/// key's.
FleetMember judge_value(std::string instance, std::string_view value, CurrentDocument current);

/// `{"revision":N,"applied":B,"instances":[{"instance":…,"applied":B,"why":…,"ack":{…}},…]}`.
std::string fleet_json(const Fleet& fleet);

/// Reads the text of another process's fleet_json(); nullopt if it is not that.
std::optional<Fleet> parse_fleet(std::string_view json);

/// The instance that writes an ack.
struct AckAuthor {
  std::string instance{};
  std::string version{};
  WallTime started{};
  std::string admin{};  ///< the URL of its admin listener; empty: not known yet
};

/// Makes the ack of an instance whose store reports `status` and holds `set`.
InstanceAck make_ack(AckAuthor author, const StoreStatus& status, const DirectiveSet& set, Now now);

/// Makes the fleet of an instance without etcd: its only member is the instance.
Fleet fleet_of_one(AckAuthor author, const StoreStatus& status, const DirectiveSet& set, Now now);

/// Reads the fleet. Thread safety: read() may be called from any thread. It blocks for at most the
/// implementation's deadline, and is not for the request path.
class FleetReader {
 public:
  virtual ~FleetReader() = default;
  FleetReader(const FleetReader&) = delete;
  FleetReader& operator=(const FleetReader&) = delete;

  /// The error says for a person what failed, where, and what to check.
  virtual std::expected<Fleet, std::string> read() = 0;

 protected:
  FleetReader() = default;
};

/// The state of an instance's own ack.
enum class AckState : std::uint8_t {
  Off,           ///< no ack: the document is not in etcd
  Pending,       ///< not written yet
  Written,       ///< the newest ack is in etcd
  NameTaken,     ///< another running instance has the same name; this one writes nothing
  NotPermitted,  ///< etcd does not permit the write; it is retried rarely
  Failing,       ///< etcd is unreachable or refuses the write; it is retried
};

/// "off", "pending", "written", "name_taken", "not_permitted", "failing".
std::string_view to_string(AckState state) noexcept;

struct AckStatus {
  AckState state = AckState::Off;
  std::string reason{};  ///< why it is not Written, for a person; empty if Written or Off

  friend bool operator==(const AckStatus&, const AckStatus&) = default;
};

}  // namespace osproxy
