#include "osproxy/proxy/running_list.h"

#include <algorithm>
#include <functional>
#include <iterator>

namespace osproxy {

RunningScan::RunningScan(RunningList& list, const RunningQuery& query, Options options)
    : list_(list),
      query_(query),
      now_(options.now),
      last_(list.last_),
      bytes_left_(options.max_bytes) {
  list_.entries_.push_front(place_);
}

bool RunningScan::step() {
  auto& entries = list_.entries_;
  auto next = std::next(entries.iterator_to(place_));
  place_.unlink();
  for (std::size_t i = 0; i < kStep; ++i, ++next) {
    if (next == entries.end() || next->number_ > last_) return true;
    // Each place with a number is a request's.
    if (next->number_ > 0) look_at(static_cast<const RunningEntry&>(*next));
  }
  entries.insert(next, place_);
  return false;
}

void RunningScan::look_at(const RunningEntry& entry) {
  ++found_.running;
  if (!entry.passes(query_, now_)) return;
  ++found_.matched;
  if (!makes_room(entry)) return;
  RunningRequest request = entry.describe(now_);
  const std::size_t bytes = bytes_of(request);
  if (bytes > bytes_left_) return;
  bytes_left_ -= bytes;
  found_.requests.push_back(std::move(request));
  std::ranges::push_heap(found_.requests, std::ranges::greater(), &RunningRequest::age);
}

/// Heads may come in another order than their first bytes, so an older request may come later.
bool RunningScan::makes_room(const RunningEntry& entry) {
  auto& requests = found_.requests;
  if (requests.size() < query_.limit) return true;
  if (requests.empty() || now_ - entry.started() <= requests.front().age) return false;
  std::ranges::pop_heap(requests, std::ranges::greater(), &RunningRequest::age);
  bytes_left_ += bytes_of(requests.back());
  requests.pop_back();
  return true;
}

}  // namespace osproxy
