// The addresses of each node's name whose health checks fail, as the first worker finds them and
// all workers read them.
//
//   AddressReports reports(/*nodes=*/2);
//   reports.publish(0, {address});                                // the worker that checks
//
//   SnapshotReader<AddressBook::Addresses> failing(reports.of(0));  // each worker
//   book.probed(*failing.load());
//
// Thread safety: publish() belongs to one thread; of() may be called from any. Must outlive neither
// its readers nor their threads: they share the state (snapshot.h).
#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <utility>

#include "osproxy/snapshot/snapshot.h"
#include "osproxy/upstream/address_book.h"

namespace osproxy {

class AddressReports {
 public:
  explicit AddressReports(std::size_t nodes) {
    const auto none = std::make_shared<const AddressBook::Addresses>();
    for (std::size_t i = 0; i < nodes; ++i) cells_.emplace_back(none);
  }

  void publish(std::size_t node, AddressBook::Addresses failing) {
    cells_[node].publish(std::make_shared<const AddressBook::Addresses>(std::move(failing)));
  }

  const SnapshotCell<AddressBook::Addresses>& of(std::size_t node) const { return cells_[node]; }

 private:
  std::deque<SnapshotCell<AddressBook::Addresses>> cells_;  // constant after construction
};

}  // namespace osproxy
