// The addresses of one node's name, as last resolved, in the order in which to try them.
//
//   AddressBook book(/*interval=*/30s);
//   if (book.is_due(now)) book.looked_up(resolve("search-1"), now);
//   for (const auto& address : book.in_order()) connect(address);
//   book.failed(address, now);                                     // or book.succeeded(address)
//   if (const auto address = book.next_check(now)) try_again(*address);
//
// Each new connection begins with the next address, so that load spreads over all of them. An
// address that has failed comes last until it has accepted a connection. While others are good, no
// request begins with it: it is tried again in the background, after two seconds, then four, up to
// a minute. A lookup that finds nothing changes nothing: addresses that were good are better than
// none.
//
// A pure machine: it makes no lookups, and the caller passes the time. Not thread-safe.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
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

  Addresses in_order();
  void failed(const Address& address, Time now) noexcept;
  void succeeded(const Address& address) noexcept;

  /// True if an address has not failed.
  bool has_good() const noexcept;

  /// An address that has failed and should be tried again now, while requests use others.
  std::optional<Address> next_check(Time now) const;

 private:
  struct Entry {
    Address address;
    std::chrono::milliseconds pause{0};  // 0: it has not failed
    Time check_at{};
  };

  const std::chrono::milliseconds interval_;
  std::vector<Entry> entries_;
  Time due_ = Time::min();
  std::size_t turn_ = 0;
};

}  // namespace osproxy
