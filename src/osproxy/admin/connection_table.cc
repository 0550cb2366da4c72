#include "osproxy/admin/connection_table.h"

#include <algorithm>
#include <cassert>
#include <tuple>
#include <utility>

namespace osproxy::admin {
namespace {

/// Connections that came with the newest arrivals are not idle yet: their head is on its way. A
/// client that connects again and again would else take away each probe's place at once.
constexpr std::size_t kFreshPart = 4;  // a quarter of the places

}  // namespace

/// In the order in which places are taken away (connection_table.h).
enum class ConnectionTable::Rank : std::uint8_t {
  StrangerIdle,
  StrangerBusy,
  StrangerCall,
  TrustedIdle,
  Fresh,
  TrustedBusy,
  TrustedEvents,
  TrustedCall,
};

/// The smallest one loses its place.
struct ConnectionTable::Candidate {
  Rank rank;
  std::size_t others;  ///< of its peer
  bool is_loopback;
  std::uint64_t since;

  friend bool operator<(const Candidate& a, const Candidate& b) noexcept {
    return std::tuple(a.rank, b.others, a.is_loopback, a.since) <
           std::tuple(b.rank, a.others, b.is_loopback, b.since);
  }
};

ConnectionTable::~ConnectionTable() { assert(places_.empty()); }

std::size_t ConnectionTable::size() const noexcept {
  return static_cast<std::size_t>(
      std::ranges::count_if(places_, [](const Place* one) { return !one->closed_; }));
}

void ConnectionTable::close_all() {
  for (Place* const place : places_) place->close();
}

std::size_t ConnectionTable::count(const Filter& filter) const {
  return static_cast<std::size_t>(std::ranges::count_if(
      places_, [&filter](const Place* one) { return !one->closed_ && filter(*one); }));
}

std::size_t ConnectionTable::count_of(const Peer& peer) const {
  return count([&peer](const Place& one) { return one.peer_ == peer; });
}

bool ConnectionTable::is_fresh(const Place& place) const noexcept {
  const auto newer = std::ranges::count_if(
      places_, [&place](const Place* one) { return one->arrival_ > place.arrival_; });
  return !place.was_served_ && static_cast<std::size_t>(newer) < limits_.connections / kFreshPart;
}

ConnectionTable::Rank ConnectionTable::rank_of(const Place& place) const noexcept {
  switch (place.stage_) {
    case Stage::Idle:
    case Stage::Head:
      if (place.trusted_) return Rank::TrustedIdle;
      return is_fresh(place) ? Rank::Fresh : Rank::StrangerIdle;
    case Stage::Body:
    case Stage::Response:
      return place.trusted_ ? Rank::TrustedBusy : Rank::StrangerBusy;
    case Stage::Events:
      return place.trusted_ ? Rank::TrustedEvents : Rank::StrangerBusy;
    case Stage::Call:
      return place.trusted_ ? Rank::TrustedCall : Rank::StrangerCall;
  }
  std::unreachable();
}

bool ConnectionTable::is_full_for(const Peer& peer) const {
  if (size() >= limits_.connections) return true;
  return !peer.is_loopback && count_of(peer) >= limits_.per_peer;
}

bool ConnectionTable::is_busy() const {
  if (size() < limits_.connections) return false;
  Rank least = Rank::TrustedCall;
  for (const Place* const place : places_) {
    if (!place->closed_) least = std::min(least, rank_of(*place));
  }
  return least == Rank::StrangerCall;
}

bool ConnectionTable::close_one(const Filter& filter) {
  Place* chosen = nullptr;
  Candidate least{};
  for (Place* const place : places_) {
    if (place->closed_ || !filter(*place)) continue;
    const Candidate candidate{.rank = rank_of(*place),
                              .others = count_of(place->peer_),
                              .is_loopback = place->peer_.is_loopback,
                              .since = place->since_};
    if (chosen != nullptr && !(candidate < least)) continue;
    chosen = place;
    least = candidate;
  }
  if (chosen == nullptr) return false;
  chosen->close();
  return true;
}

void ConnectionTable::admit(const Place& place) {
  const auto of_same_peer = [&place](const Place& one) {
    return &one != &place && !one.trusted_ && one.peer_ == place.peer_;
  };
  if (!place.peer_.is_loopback && count(of_same_peer) >= limits_.per_peer) close_one(of_same_peer);
  if (size() > limits_.connections)
    close_one([&place](const Place& one) { return &one != &place; });
}

void ConnectionTable::bound_bodies(const Place& entering) {
  const auto sends_body = [&entering](const Place& one) {
    return &one != &entering && one.stage_ == Stage::Body;
  };
  if (count(sends_body) >= limits_.bodies) close_one(sends_body);
}

void ConnectionTable::bound_responses(const Place& holding) {
  const auto holds = [&holding](const Place& one) { return &one != &holding && one.held_ > 0; };
  const auto total = [this] {
    std::size_t sum = 0;
    for (const Place* const one : places_) sum += one->closed_ ? 0 : one->held_;
    return sum;
  };
  while (total() > limits_.response_bytes && close_one(holds)) {
  }
}

ConnectionTable::Place::Place(ConnectionTable& table, Peer peer, std::function<void()> close)
    : table_(table),
      peer_(peer),
      close_(std::move(close)),
      arrival_(++table.events_),
      since_(arrival_) {
  table_.places_.push_back(this);
  table_.admit(*this);
}

ConnectionTable::Place::~Place() { std::erase(table_.places_, this); }

void ConnectionTable::Place::enter(Stage stage) {
  if (stage_ != stage || stage == Stage::Events) since_ = ++table_.events_;
  stage_ = stage;
  held_ = 0;
  was_served_ = was_served_ || stage > Stage::Head;
  if (stage == Stage::Body) table_.bound_bodies(*this);
}

void ConnectionTable::Place::hold(std::size_t bytes) {
  held_ = bytes;
  table_.bound_responses(*this);
}

void ConnectionTable::Place::close() {
  if (std::exchange(closed_, true)) return;
  close_();
}

}  // namespace osproxy::admin
