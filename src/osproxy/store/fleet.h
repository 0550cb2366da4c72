// The fleet as its acks show it: who has applied the current document, and who has not, and why.
//
//   auto fleet = reader.read();
//   if (!fleet) fail(fleet.error());
//   for (const FleetMember& member : fleet->members) show(member.instance, member.applied, …);
//
// Values, and two narrow interfaces: an admin listener or a command that shows a fleet knows
// nothing of etcd. Thread safety: see FleetReader; the functions are pure.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "osproxy/store/ack.h"
#include "osproxy/store/directive_store.h"

namespace osproxy {

struct FleetMember {
  std::string instance{};
  std::optional<InstanceAck> ack{};  ///< none: what is there cannot be read; `why` says so
  bool applied = false;              ///< it holds the current document
  std::string why{};                 ///< it does not, for a person; empty if it does

  friend bool operator==(const FleetMember&, const FleetMember&) = default;
};

struct Fleet {
  std::int64_t revision = 0;           ///< of the current document; 0: there is none
  std::vector<FleetMember> members{};  ///< by instance

  std::size_t count_applied() const;
  std::size_t count_synced() const;  ///< applied, and sure of it
  bool all_applied() const { return count_applied() == members.size(); }

  friend bool operator==(const Fleet&, const Fleet&) = default;
};

/// What the acks are compared with.
struct CurrentDocument {
  std::int64_t revision = 0;  ///< 0: there is none
  /// An ack above this one was written after the document was looked at, and is newer than it.
  std::int64_t seen = 0;
};

/// A member by what it says of itself.
FleetMember judge_member(InstanceAck ack, CurrentDocument current);

/// A member by what stands in its place, which anybody may have written. `instance` is the place's.
FleetMember judge_value(std::string instance, std::string_view value, CurrentDocument current);

/// `{"revision":N,"applied":B,"instances":[{"instance":…,"applied":B,"why":…,"ack":{…}},…]}`.
std::string fleet_json(const Fleet& fleet);

/// Of fleet_json()'s text, from another process; nullopt if it is not that.
std::optional<Fleet> parse_fleet(std::string_view json);

/// Who writes an ack.
struct AckAuthor {
  std::string instance{};
  std::string version{};
  WallTime started{};
};

/// The ack of an instance whose store says `status` and holds `set`.
InstanceAck make_ack(AckAuthor author, const StoreStatus& status, const DirectiveSet& set, Now now);

/// The fleet that an instance without etcd is: itself.
Fleet fleet_of_one(AckAuthor author, const StoreStatus& status, const DirectiveSet& set, Now now);

/// Thread safety: read() may be called from any thread. It may block for up to the
/// implementation's deadline and is not for the request path.
class FleetReader {
 public:
  virtual ~FleetReader() = default;
  FleetReader(const FleetReader&) = delete;
  FleetReader& operator=(const FleetReader&) = delete;

  /// The error is for a person: what failed, where, what to check.
  virtual std::expected<Fleet, std::string> read() = 0;

 protected:
  FleetReader() = default;
};

/// How it stands with an instance's own ack.
enum class AckState : std::uint8_t {
  Off,           ///< there is none: the document is not in etcd
  Pending,       ///< about to be written
  Written,       ///< what is there is what there is to say
  NameTaken,     ///< another running instance has the same name; nothing is written
  NotPermitted,  ///< etcd does not let this instance write; it is tried again rarely
  Failing,       ///< etcd cannot be reached, or says no; it is tried again
};

/// "off", "pending", "written", "name_taken", "not_permitted", "failing".
std::string_view to_string(AckState state) noexcept;

struct AckStatus {
  AckState state = AckState::Off;
  std::string reason{};  ///< why it is not Written, for a person; empty if it is, or Off

  friend bool operator==(const AckStatus&, const AckStatus&) = default;
};

}  // namespace osproxy
