#include "osproxy/observe/cursor_table.h"

#include <algorithm>
#include <utility>

#include "osproxy/directive/directive_set.h"

namespace osproxy {
namespace {

Attributes attributes_of(const OpenCursor& cursor) noexcept {
  return {.tenant = cursor.tenant,
          .index = cursor.index,
          .principal = cursor.principal,
          .endpoint = cursor.endpoint,
          .principal_verified = cursor.principal_verified,
          .client = cursor.client,
          .agent = cursor.agent,
          .opaque_id = cursor.opaque_id,
          .client_address = cursor.client_address};
}

std::size_t bytes_of(const OpenCursor& cursor) noexcept {
  return cursor.index.size() + cursor.tenant.size() + cursor.principal.size() +
         cursor.client.size() + cursor.agent.size() + cursor.opaque_id.size();
}

}  // namespace

std::string_view to_string(CursorKind kind) noexcept {
  return kind == CursorKind::Scroll ? "scroll" : "point_in_time";
}

void CursorTable::open(std::uint64_t id, OpenCursor cursor, Now now) {
  // The next page may have been asked for on another worker before the first one was over here.
  const auto known = take(id);
  cursor.opened = now.wall;
  cursor.seen = now.boot;
  cursor.used = now.boot;
  if (known) cursor.continued = known->continued;
  put(id, std::move(cursor), now.boot);
}

void CursorTable::use(std::uint64_t id, std::uint64_t next,
                      std::optional<std::chrono::milliseconds> keep_alive, OpenCursor otherwise,
                      Now now) {
  auto known = take(id);
  if (known && known->ends() < now.boot) known.reset();  // a page may outlive its keep-alive
  if (!known) {
    known = std::move(otherwise);
    known->seen = now.boot;
    if (known->keep_alive.count() == 0) known->keep_alive = kAssumedKeepAlive;
  }
  ++known->continued;
  known->used = now.boot;
  if (keep_alive) known->keep_alive = *keep_alive;
  put(next, *std::move(known), now.boot);
}

void CursorTable::close(std::uint64_t id) { std::ignore = take(id); }

void CursorTable::close_all(CursorKind kind) {
  for (Shard& shard : shards_) {
    const std::lock_guard lock(shard.mutex);
    std::erase_if(shard.cursors, [kind](const auto& one) { return one.second.kind == kind; });
  }
}

std::optional<OpenCursor> CursorTable::take(std::uint64_t id) {
  Shard& shard = shard_of(id);
  const std::lock_guard lock(shard.mutex);
  const auto found = shard.cursors.extract(id);
  if (!found) return std::nullopt;
  return std::move(found.mapped());
}

void CursorTable::put(std::uint64_t id, OpenCursor cursor, BootTime now) {
  Shard& shard = shard_of(id);
  const std::lock_guard lock(shard.mutex);
  make_room(shard, now);
  shard.cursors.insert_or_assign(id, std::move(cursor));
}

void CursorTable::make_room(Shard& shard, BootTime now) {
  auto& cursors = shard.cursors;
  if (cursors.size() < kMaxCursors / kShards) return;
  if (std::erase_if(cursors, [now](const auto& one) { return one.second.ends() < now; }) > 0) {
    return;
  }
  cursors.erase(
      std::ranges::min_element(cursors, {}, [](const auto& one) { return one.second.ends(); }));
  ++shard.dropped;
}

OpenCursors CursorTable::list(const RunningQuery& query, Now now) {
  OpenCursors all;
  for (Shard& shard : shards_) {
    const std::lock_guard lock(shard.mutex);
    std::erase_if(shard.cursors, [&](const auto& one) { return one.second.ends() < now.boot; });
    all.open += shard.cursors.size();
    all.dropped += shard.dropped;
    for (const auto& [id, cursor] : shard.cursors) {
      if (!query.passes(attributes_of(cursor), now.boot - cursor.seen)) continue;
      ++all.matched;
      if (query.limit > 0) all.cursors.push_back(cursor);
    }
  }
  std::ranges::sort(all.cursors, {}, &OpenCursor::seen);
  std::size_t listed = 0;
  for (std::size_t bytes = 0; listed < std::min(all.cursors.size(), query.limit); ++listed) {
    bytes += bytes_of(all.cursors[listed]);
    if (bytes > kMaxListedBytes) break;
  }
  all.cursors.resize(listed);
  return all;
}

}  // namespace osproxy
