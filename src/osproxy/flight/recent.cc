#include "osproxy/flight/recent.h"

#include <algorithm>
#include <utility>

namespace osproxy {
namespace {

/// Later ones first.
bool is_newer(const Record& a, const Record& b) noexcept { return a.started > b.started; }

/// The newest records that are added, at most `limit`.
class Newest {
 public:
  explicit Newest(std::size_t limit) : limit_(limit) {}

  void add(const Record& record) {
    if (heap_.size() == limit_) {
      if (!is_newer(record, heap_.front())) return;
      std::ranges::pop_heap(heap_, is_newer);
      heap_.pop_back();
    }
    heap_.push_back(record);
    std::ranges::push_heap(heap_, is_newer);
  }

  std::vector<Record> take() && {
    std::ranges::sort_heap(heap_, is_newer);
    return std::move(heap_);
  }

 private:
  const std::size_t limit_;
  std::vector<Record> heap_;  // the oldest comes first
};

}  // namespace

std::vector<Record> newest_notable(const FlightRecorder& recorder, BootTime from,
                                   const RecordFilter& filter, std::size_t limit) {
  Newest found(limit);
  recorder.visit(from, [&](const Sample& sample) {
    if (sample.is_notable && filter.passes(sample.record)) found.add(sample.record);
  });
  return std::move(found).take();
}

std::vector<Record> with_request_id(const FlightRecorder& recorder, std::string_view request_id,
                                    std::size_t limit) {
  Newest found(limit);
  recorder.visit_request(request_id, [&](const Sample& sample) { found.add(sample.record); });
  return std::move(found).take();
}

}  // namespace osproxy
