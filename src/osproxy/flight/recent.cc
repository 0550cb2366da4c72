#include "osproxy/flight/recent.h"

#include <algorithm>
#include <functional>

namespace osproxy {
namespace {

/// Later ones first.
bool is_newer(const Record& a, const Record& b) noexcept { return a.started > b.started; }

std::vector<Record> newest(const FlightRecorder& recorder,
                           const std::function<bool(const Sample&)>& is_wanted, std::size_t limit) {
  std::vector<Record> found;  // a heap, whose first record is the oldest
  recorder.visit({}, [&](const Sample& sample) {
    if (!is_wanted(sample)) return;
    if (found.size() == limit) {
      if (!is_newer(sample.record, found.front())) return;
      std::ranges::pop_heap(found, is_newer);
      found.pop_back();
    }
    found.push_back(sample.record);
    std::ranges::push_heap(found, is_newer);
  });
  std::ranges::sort_heap(found, is_newer);
  return found;
}

}  // namespace

std::vector<Record> newest_notable(const FlightRecorder& recorder, const RecordFilter& filter,
                                   std::size_t limit) {
  const auto is_wanted = [&](const Sample& sample) {
    return sample.is_notable && filter.passes(sample.record);
  };
  return newest(recorder, is_wanted, limit);
}

std::vector<Record> with_request_id(const FlightRecorder& recorder, std::string_view request_id,
                                    std::size_t limit) {
  const auto is_wanted = [&](const Sample& sample) {
    return sample.record.request_id == request_id;
  };
  return newest(recorder, is_wanted, limit);
}

}  // namespace osproxy
