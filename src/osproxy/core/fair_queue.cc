#include "osproxy/core/fair_queue.h"

#include <algorithm>
#include <utility>

namespace osproxy {

FairQueue::Admission FairQueue::push(Entry& entry, Party party) {
  const auto own = std::find_if(lines_.begin(), lines_.end(),
                                [party](const Line& line) { return line.party == party; });
  Admission admission;
  if (size_ >= capacity_) {
    const auto longest = std::max_element(
        lines_.begin(), lines_.end(),
        [](const Line& a, const Line& b) { return a.entries.size() < b.entries.size(); });
    const std::size_t length = own == lines_.end() ? 0 : own->entries.size();
    // Otherwise two parties would displace each other's entries without end.
    if (longest == lines_.end() || longest->entries.size() <= length + 1) return admission;
    admission.displaced = longest->entries.back();
    remove(*admission.displaced);
  }
  const auto line = own != lines_.end() ? own : lines_.insert(lines_.end(), {party, {}});
  entry.queue_ = this;
  entry.line_ = line;
  entry.place_ = line->entries.insert(line->entries.end(), &entry);
  ++size_;
  admission.is_admitted = true;
  return admission;
}

void FairQueue::remove(Entry& entry) noexcept {
  entry.line_->entries.erase(entry.place_);
  if (entry.line_->entries.empty()) lines_.erase(entry.line_);
  entry.queue_ = nullptr;
  --size_;
}

}  // namespace osproxy
