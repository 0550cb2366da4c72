#include "osproxy/proxy/running_listing.h"

namespace osproxy {

void RunningListing::put(std::size_t worker, std::optional<RunningRequests> part) {
  {
    const std::lock_guard lock(mutex_);
    parts_[worker] = std::move(part);
    --left_;
  }
  changed_.notify_one();
}

RunningRequests RunningListing::await(std::chrono::milliseconds timeout) {
  std::vector<RunningRequests> parts;
  std::vector<std::size_t> silent;
  {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, timeout, [this] { return left_ == 0; });
    for (std::size_t i = 0; i < parts_.size(); ++i) {
      if (parts_[i]) {
        parts.push_back(*std::move(parts_[i]));
      } else {
        silent.push_back(i);
      }
    }
  }
  RunningRequests all = joined(std::move(parts), query_.limit);
  all.silent_workers = std::move(silent);
  return all;
}

}  // namespace osproxy
