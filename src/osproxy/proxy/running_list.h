// The requests under way on one worker, in the order in which their heads came.
//
//   RunningList list;
//   list.add(entry);                    // the entry leaves the list when it is destroyed
//   RunningScan scan(list, query, {.now = clock.boot(), .max_bytes = 1 << 20});
//   while (!scan.step()) {              // once in each pass of the worker's loop
//   }
//   RunningRequests found = std::move(scan).take();
//
// Problem: another thread asks for a list of the requests, whose names are views that only their
// worker may read; and nothing may block the worker or cost a request more than a few nanoseconds.
//
// Algorithm: the entries are linked through themselves. The worker itself copies what is asked for,
// some entries in each pass of its loop. Between two passes a place of the scan itself stays
// in the list, so that others may come and go.
//
// Belongs to one worker. Entries and scans must not outlive the list; an entry does not move.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <utility>

#include <boost/intrusive/list.hpp>

#include "osproxy/core/clock.h"
#include "osproxy/observe/running_request.h"

namespace osproxy {

/// A place in the list: a request's, or that of a scan between two steps.
class RunningPlace : public boost::intrusive::list_base_hook<
                         boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
 public:
  RunningPlace() = default;
  RunningPlace(const RunningPlace&) = delete;
  RunningPlace& operator=(const RunningPlace&) = delete;

 private:
  friend class RunningList;
  friend class RunningScan;

  std::uint64_t number_ = 0;  // counts the requests of the list; 0: a scan's
};

/// A request in the list.
class RunningEntry : public RunningPlace {
 public:
  virtual BootTime started() const noexcept = 0;
  virtual bool passes(const RunningQuery& query, BootTime now) const noexcept = 0;
  virtual RunningRequest describe(BootTime now) const = 0;

 protected:
  RunningEntry() = default;
  ~RunningEntry() = default;
};

class RunningList {
 public:
  void add(RunningEntry& entry) noexcept {
    entry.number_ = ++last_;
    entries_.push_back(entry);
  }

 private:
  friend class RunningScan;
  using Entries = boost::intrusive::list<RunningPlace, boost::intrusive::constant_time_size<false>>;

  Entries entries_;
  std::uint64_t last_ = 0;
};

/// Copies the oldest entries that a query selects, of those in the list when the scan begins.
class RunningScan {
 public:
  /// Looked at in one step: some 0.1 ms, if each has to be copied.
  static constexpr std::size_t kStep = 128;

  struct Options {
    BootTime now;           ///< ages are as of then
    std::size_t max_bytes;  ///< of names; a request that does not fit is left out
  };

  /// `list` and `query` must outlive the scan.
  RunningScan(RunningList& list, const RunningQuery& query, Options options);
  RunningScan(const RunningScan&) = delete;
  RunningScan& operator=(const RunningScan&) = delete;

  /// True: the scan is complete.
  bool step();

  /// The requests found, in no order.
  RunningRequests take() && { return std::move(found_); }

 private:
  void look_at(const RunningEntry& entry);
  bool makes_room(const RunningEntry& entry);

  RunningList& list_;
  const RunningQuery& query_;
  const BootTime now_;
  const std::uint64_t last_;  // later ones do not count, so that the scan ends
  std::size_t bytes_left_;
  RunningPlace place_;
  RunningRequests found_;  // its requests are a heap, the youngest in front
};

}  // namespace osproxy
