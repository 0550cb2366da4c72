// One call for the running requests of all workers: where each worker puts its part, and where the
// caller waits for them.
//
//   const auto listing = std::make_shared<RunningListing>(query, workers);
//   listing->put(0, part);                                // on a worker
//   const RunningRequests all = listing->await(1s);       // on the caller's thread
//
// A worker that does not respond in time is named in the result; it may still put its part later,
// where nobody reads it.
//
// Thread safety: any thread may call any member; await() once.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "osproxy/observe/running_request.h"

namespace osproxy {

class RunningListing {
 public:
  RunningListing(RunningQuery query, std::size_t workers)
      : query_(std::move(query)), parts_(workers), left_(workers) {}
  RunningListing(const RunningListing&) = delete;
  RunningListing& operator=(const RunningListing&) = delete;

  const RunningQuery& query() const noexcept { return query_; }

  /// The names that one worker may copy.
  std::size_t max_bytes() const noexcept { return kMaxListedBytes / parts_.size(); }

  /// Once for each worker. nullopt: it has no memory for its part, and counts as silent.
  void put(std::size_t worker, std::optional<RunningRequests> part);

  /// Waits until all parts are there, at most for `timeout`.
  RunningRequests await(std::chrono::milliseconds timeout);

 private:
  const RunningQuery query_;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::optional<RunningRequests>> parts_;  // guarded by mutex_, but for its size
  std::size_t left_;                                   // guarded by mutex_
};

}  // namespace osproxy
