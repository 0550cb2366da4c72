// The addresses of one node's name, as last resolved, in the order in which to try them.
//
//   AddressBook book({.lookup_interval = 30s, .mute_after = 5});
//   if (book.is_due(now)) book.looked_up(resolve("search-1"), now);
//   for (const auto& address : book.in_order(now)) connect(address);
//   book.failed(address, now);                                     // or book.succeeded(address)
//   if (const auto address = book.next_check(now)) try_again(*address);
//   book.request_failed({address, client}, now);                   // or book.responded(address)
//
// Each new connection begins with the next address, so that load spreads over all of them. A bad
// address comes last while another one is good. There are three kinds:
//
// - One that accepts no connection comes last until it accepts one. It is tried again in the
//   background, after two seconds, then four, up to a minute.
// - One that accepts connections but gives no good response is mute. A connection proves nothing of
//   it: only a response does. After the same pauses, one request begins with it as a trial.
// - One whose health checks fail comes last until they succeed. probed() says which.
//
// An address becomes mute after `mute_after` failed requests in a row, of several clients
// (failure_run.h). One client alone only makes it suspect: a health check decides. Without health
// checks one client suffices, but not to make more than half of the addresses bad. The last good
// address never becomes mute: its failures are those of the node.
//
// A lookup that finds nothing changes nothing: addresses that were good are better than none.
//
// A pure machine: it makes no lookups, and the caller passes the time. Not thread-safe.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include <boost/asio/ip/tcp.hpp>

#include "osproxy/upstream/failure_run.h"

namespace osproxy {

struct AddressBookOptions {
  std::chrono::milliseconds lookup_interval{30'000};  ///< from one lookup to the next
  unsigned mute_after = 5;                            ///< failed requests in a row; 0: never
  bool has_checks = false;                            ///< a health check can decide on a suspicion
};

/// The consequence of a failed request for the address of its connection.
enum class AddressEffect : std::uint8_t {
  NodeIsToBlame,  ///< no other address is good: the failure counts against the node
  Counted,
  Suspected,  ///< a health check should be made now
  Muted,
};

class AddressBook {
 public:
  using Time = std::chrono::steady_clock::time_point;
  using Address = boost::asio::ip::tcp::endpoint;
  using Addresses = std::vector<Address>;

  explicit AddressBook(const AddressBookOptions& options) : options_(options) {}

  /// The book of an IP address: it is never looked up, and never bad.
  explicit AddressBook(Address literal);

  bool is_literal() const noexcept { return due_ == Time::max(); }
  bool is_due(Time now) const noexcept { return now >= due_; }
  void looked_up(const Addresses& found, Time now);

  bool empty() const noexcept { return entries_.empty(); }

  /// The address belongs to the name, and is good or as good as the others.
  bool is_current(const Address& address) const noexcept;

  Addresses all() const;
  Addresses in_order(Time now);
  void failed(const Address& address, Time now) noexcept;
  void succeeded(const Address& address) noexcept;

  /// True if an address is good.
  bool has_good() const noexcept;

  /// The number of addresses that come last because another one is good.
  std::size_t bad() const noexcept;

  /// An address that has accepted no connection and should be tried again now, while requests use
  /// others.
  std::optional<Address> next_check(Time now) const;

  /// A request without a good response.
  struct FailedRequest {
    Address address;
    ClientKey client;  ///< that sent it
  };
  AddressEffect request_failed(const FailedRequest& request, Time now) noexcept;

  /// False: responded() would change nothing, so that most requests need not call it.
  bool is_in_doubt() const noexcept { return is_in_doubt_; }
  void responded(const Address& address) noexcept;

  /// The addresses whose health checks fail now.
  void probed(const Addresses& failing) noexcept;

 private:
  struct Entry {
    Address address;
    std::chrono::milliseconds pause{0};  // 0: neither has it accepted no connection nor is it mute
    Time check_at{};
    bool mute = false;
    bool on_trial = false;
    bool unhealthy = false;  // say health checks
    FailureRun run{};        // failed requests in a row

    bool is_good() const noexcept { return pause.count() == 0 && !unhealthy; }
  };

  Entry* find(const Address& address) noexcept;
  Entry* trial_at(Time now) noexcept;
  std::size_t good_besides(const Entry& entry) const noexcept;
  AddressEffect judge(Entry& entry, Time now) noexcept;
  static void take_back(Entry& entry) noexcept;

  const AddressBookOptions options_;
  std::vector<Entry> entries_;
  Time due_ = Time::min();
  std::size_t turn_ = 0;
  bool is_in_doubt_ = false;
};

}  // namespace osproxy
