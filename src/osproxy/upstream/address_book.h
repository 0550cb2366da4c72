// The addresses of one node's name, as they were last looked up, in the order to try them.
//
//   AddressBook book(options.resolve_interval);
//   if (book.is_due(now)) …look up, then book.looked_up(found, now);
//   for (const auto& address : book.in_order(now)) …   // a new connection
//   book.failed(address, now);
//
// Connections are spread over all addresses: each begins with the next one, and one that has just
// failed comes last. A look-up that finds nothing changes nothing: the addresses that were good
// are better than none.
//
// A pure machine: no look-ups, time is handed in. Not thread-safe.
#pragma once

#include <chrono>
#include <cstddef>
#include <vector>

#include <boost/asio/ip/tcp.hpp>

namespace osproxy {

class AddressBook {
 public:
  using Time = std::chrono::steady_clock::time_point;
  using Address = boost::asio::ip::tcp::endpoint;
  using Addresses = std::vector<Address>;

  /// Names are to be looked up again after `interval`.
  explicit AddressBook(std::chrono::milliseconds interval) : interval_(interval) {}

  /// Of an address that is no name: it is never looked up.
  explicit AddressBook(Address literal);

  bool is_literal() const noexcept { return due_ == Time::max(); }
  bool is_due(Time now) const noexcept { return now >= due_; }
  void looked_up(const Addresses& found, Time now);

  bool empty() const noexcept { return entries_.empty(); }
  bool contains(const Address& address) const noexcept;

  Addresses in_order(Time now);
  void failed(const Address& address, Time now) noexcept;

 private:
  struct Entry {
    Address address;
    Time avoid_until{};
  };

  const std::chrono::milliseconds interval_;
  std::vector<Entry> entries_;
  Time due_ = Time::min();
  std::size_t turn_ = 0;
};

}  // namespace osproxy
