// The addresses of one node's name, as last resolved, in the order in which to try them.
//
//   AddressBook book(/*interval=*/30s);
//   if (book.is_due(now)) book.looked_up(resolve("search-1"), now);
//   for (const auto& address : book.in_order(now)) connect(address);
//   book.failed(address, now);
//
// Each new connection begins with the next address, so that load spreads over all of them. An
// address that has just failed comes last. A lookup that finds nothing changes nothing: addresses
// that were good are better than none.
//
// A pure machine: it makes no lookups, and the caller passes the time. Not thread-safe.
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

  /// The name is due for another lookup `interval` after the last one.
  explicit AddressBook(std::chrono::milliseconds interval) : interval_(interval) {}

  /// The book of an IP address: it is never looked up.
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
