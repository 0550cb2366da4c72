// The scrolls and points in time that are open at OpenSearch, by those who opened them.
//
//   CursorTable table(key);
//   table.open(id, cursor, clock.now());
//   table.use(id, id, {}, cursor, clock.now());  // another page
//   table.close(id);
//   const OpenCursors open = table.list({.limit = 20}, clock.now());
//
// An id is known by its keyed hash only. An entry ends when it is closed, or when its keep-alive is
// over, since OpenSearch forgets it then. If there is no room, the entry that ends first goes, and
// is counted.
//
// One cursor may be opened on one worker, continued on the next and closed on a third. So there is
// one table for all, in kShards parts, each with a mutex. Only the requests that open, continue or
// close a cursor lock it, for as long as it takes to find one entry; list() holds it for one part
// at a time.
//
// Thread safety: any thread may call any member.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "osproxy/core/cidr.h"
#include "osproxy/core/clock.h"
#include "osproxy/core/sip_hash.h"
#include "osproxy/directive/model.h"
#include "osproxy/observe/running_request.h"

namespace osproxy {

enum class CursorKind : std::uint8_t { Scroll, PointInTime };

/// "scroll", "point_in_time".
std::string_view to_string(CursorKind kind) noexcept;

/// Members: who opened it, and when.
struct OpenCursor {
  CursorKind kind = CursorKind::Scroll;
  std::optional<WallTime> opened{};  ///< nullopt: not through this instance, or before its start
  BootTime seen{};                   ///< when it was opened, or first seen
  BootTime used{};                   ///< last
  std::chrono::milliseconds keep_alive{0};
  std::uint64_t continued = 0;  ///< pages and searches after the first one
  Endpoint endpoint = Endpoint::Unknown;
  std::string index{};
  std::string tenant{};
  std::string principal{};
  bool principal_verified = false;
  std::string client{};
  IpAddress client_address{};
  std::string agent{};
  std::string opaque_id{};

  BootTime ends() const noexcept { return used + keep_alive; }
};

struct OpenCursors {
  std::uint64_t open = 0;             ///< all of them
  std::uint64_t matched = 0;          ///< of these, the ones that pass
  std::uint64_t dropped = 0;          ///< since the start, because there was no room
  std::vector<OpenCursor> cursors{};  ///< the oldest that pass, the oldest first
};

class CursorTable {
 public:
  /// Of all parts together. With names of 1 KiB each, all of them take some megabytes.
  static constexpr std::size_t kMaxCursors = 1'024;

  /// Assumed if the request does not tell, as that of a search with a point in time that was opened
  /// elsewhere: OpenSearch's documentation uses it in its examples.
  static constexpr std::chrono::milliseconds kAssumedKeepAlive = std::chrono::minutes{1};

  explicit CursorTable(const SipKey& key) noexcept : key_(key) {}
  CursorTable(const CursorTable&) = delete;
  CursorTable& operator=(const CursorTable&) = delete;

  /// Of the ids' hashes.
  const SipKey& key() const noexcept { return key_; }

  /// `cursor` without its times.
  void open(std::uint64_t id, OpenCursor cursor, Now now);

  /// The cursor `id` was continued, and is called `next` from now on. If it is unknown, it becomes
  /// `otherwise`, of which nobody knows who opened it.
  void use(std::uint64_t id, std::uint64_t next,
           std::optional<std::chrono::milliseconds> keep_alive, OpenCursor otherwise, Now now);

  void close(std::uint64_t id);
  void close_all(CursorKind kind);

  OpenCursors list(const RunningQuery& query, Now now);

 private:
  static constexpr std::size_t kShards = 8;

  struct Shard {
    std::mutex mutex;
    std::unordered_map<std::uint64_t, OpenCursor> cursors;  // guarded by mutex
    std::uint64_t dropped = 0;                              // guarded by mutex
  };

  Shard& shard_of(std::uint64_t id) noexcept { return shards_[id % kShards]; }
  std::optional<OpenCursor> take(std::uint64_t id);
  void put(std::uint64_t id, OpenCursor cursor, BootTime now);
  static void make_room(Shard& shard, BootTime now);

  const SipKey key_;
  std::array<Shard, kShards> shards_;
};

}  // namespace osproxy
