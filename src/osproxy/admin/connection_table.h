// Decides which connection of the admin listener must make room for another one. The listener never
// refuses a client because others hold its places: it closes the one that needs its place least.
//
//   ConnectionTable table(
//       {.connections = 64, .per_peer = 32, .bodies = 16, .response_bytes = 64 << 20});
//   ConnectionTable::Place place(table, peer, [&] { stream.close(); });  // may close another
//   place.enter(Stage::Body);
//
// The order in which places are taken away (`Rank`):
//
//  1. clients without the token ("strangers") that are idle, or whose head does not come
//  2. strangers that send a body or receive a response
//  3. strangers whose call is under way
//  4. holders of the token, idle
//  5. the newest connections that have sent no request yet: they may hold the token, or be a probe
//  6. holders of the token that send or receive
//  7. streams of events to holders of the token
//  8. holders of the token whose call is under way: to close them would not end the call
//
// Within a rank, the client address with the most connections loses one, others before loopback,
// and the connection that has waited longest.
//
// The order alone would let strangers that connect faster than they are served close each other's
// calls, and those of a scrape. Two rules give each of them its turn:
//
//  - The listener accepts nothing for a moment while is_busy(): a call would be closed that is
//    about to end. New connections wait in the kernel's queue, in the order of their arrival.
//  - A stranger has one request in a table that is full (must_leave()), and then makes room. So
//    one that pipelines requests must connect again for each, and waits with all others.
//
// Thread safety: none; belongs to the thread of the listener. Places must not outlive the table.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "osproxy/admin/peer.h"

namespace osproxy::admin {

enum class Stage : std::uint8_t {
  Idle,      ///< nothing of a request has come yet
  Head,      ///< a request head is being received
  Body,      ///< its body
  Call,      ///< its handler runs
  Response,  ///< the response is being sent
  Events,    ///< a stream of events is being sent
};

struct ConnectionLimits {
  std::size_t connections;     ///< of all clients
  std::size_t per_peer;        ///< of a client address beyond loopback, without the token
  std::size_t bodies;          ///< requests whose body is being received
  std::size_t response_bytes;  ///< of all responses that are being sent
};

class ConnectionTable {
 public:
  class Place;

  explicit ConnectionTable(ConnectionLimits limits) : limits_(limits) {}
  ~ConnectionTable();
  ConnectionTable(const ConnectionTable&) = delete;
  ConnectionTable& operator=(const ConnectionTable&) = delete;

  /// The number of connections that have not been told to close.
  std::size_t size() const noexcept;

  /// The table is full, and a stranger's call that is under way would have to make room.
  bool is_busy() const;

  void close_all();

 private:
  struct Candidate;
  enum class Rank : std::uint8_t;
  using Filter = std::function<bool(const Place&)>;

  std::size_t count(const Filter& filter) const;
  std::size_t count_of(const Peer& peer) const;
  bool is_fresh(const Place& place) const noexcept;
  Rank rank_of(const Place& place) const noexcept;
  bool is_full_for(const Peer& peer) const;
  /// Closes the place that is needed least among those that `filter` takes; false: there is none.
  bool close_one(const Filter& filter);
  void admit(const Place& place);
  void bound_bodies(const Place& entering);
  void bound_responses(const Place& holding);

  const ConnectionLimits limits_;
  std::vector<Place*> places_;
  std::uint64_t events_ = 0;  // counts arrivals and progress: the table's clock
};

/// The place of one connection, from its arrival to its end.
class ConnectionTable::Place {
 public:
  /// `close` makes the operation fail that the connection waits for. Called at most once, by
  /// another place or by close_all().
  Place(ConnectionTable& table, Peer peer, std::function<void()> close);
  ~Place();
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;

  /// The client has presented the token.
  void set_trusted() noexcept { trusted_ = true; }

  /// The connection goes on to a stage, or has made progress in it.
  void enter(Stage stage);

  /// The response that is being sent takes `bytes` of memory, until the next stage.
  void hold(std::size_t bytes);

  /// The response that comes is to be the last one of this connection: a stranger's, for which
  /// there is no room longer than that.
  bool must_leave() const { return !trusted_ && table_.is_full_for(peer_); }

  bool is_closed() const noexcept { return closed_; }

 private:
  friend ConnectionTable;

  void close();

  ConnectionTable& table_;
  const Peer peer_;
  const std::function<void()> close_;
  const std::uint64_t arrival_;
  std::uint64_t since_;  // the last progress
  std::size_t held_ = 0;
  Stage stage_ = Stage::Idle;
  bool was_served_ = false;  // or is being served
  bool trusted_ = false;
  bool closed_ = false;
};

}  // namespace osproxy::admin
