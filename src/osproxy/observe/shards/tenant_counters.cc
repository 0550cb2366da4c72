#include "osproxy/observe/shards/tenant_counters.h"

#include <algorithm>
#include <new>

#include "osproxy/core/visible_text.h"

namespace osproxy {
namespace {

/// Longer names are counted as `other`: a label is repeated at each scrape.
constexpr std::size_t kMaxNameBytes = 128;

constexpr int kTooManyRequests = 429;

/// A label shows it unchanged, so that no two names are shown as one.
bool can_be_label(std::string_view name) {
  return !name.empty() && name.size() <= kMaxNameBytes && name != kOtherTenants &&
         visible_text(name) == name;
}

bool is_error(int status) noexcept {
  return status == 0 || status == kTooManyRequests || status >= 500;
}

}  // namespace

void TenantNames::add(std::string_view name) {
  const std::lock_guard lock(mutex_);
  if (names_.size() == max_ || std::ranges::find(names_, name) != names_.end()) return;
  names_.emplace_back(name);
  size_.store(names_.size(), std::memory_order_release);
}

std::vector<std::string> TenantNames::from(std::size_t first) const {
  const std::lock_guard lock(mutex_);
  if (first >= names_.size()) return {};
  return {names_.begin() + static_cast<std::ptrdiff_t>(first), names_.end()};
}

TenantCounters::TenantCounters(TenantNames& names) : names_(names), counters_(names.max() + 1) {}

void TenantCounters::count(const RequestSample& sample) noexcept {
  const auto place = [&]() -> std::size_t {
    try {
      return place_of(sample);
    } catch (const std::bad_alloc&) {
      return names_.max();  // one of the others
    }
  };
  Counters& counters = counters_[place()];
  counters.requests.add(1);
  if (is_error(sample.status)) counters.errors.add(1);
  counters.nanoseconds.add(
      static_cast<std::uint64_t>(std::max<std::int64_t>(sample.latency.count(), 0)));
  counters.request_bytes.add(sample.request_bytes);
  counters.response_bytes.add(sample.response_bytes);
}

std::size_t TenantCounters::place_of(const RequestSample& sample) {
  if (places_.size() < names_.size()) learn();
  if (const auto found = places_.find(sample.tenant); found != places_.end()) return found->second;
  const bool is_new = sample.accepted && places_.size() < names_.max();
  if (!is_new || !can_be_label(sample.tenant)) return names_.max();
  names_.add(sample.tenant);
  learn();
  const auto found = places_.find(sample.tenant);
  return found == places_.end() ? names_.max() : found->second;
}

void TenantCounters::learn() {
  for (std::string& name : names_.from(places_.size())) {
    const std::size_t place = places_.size();
    places_.emplace(std::move(name), place);
  }
}

void TenantCounters::add_to(std::vector<TenantTotals>& totals) const noexcept {
  for (std::size_t i = 0; i < totals.size(); ++i) {
    const Counters& counters = i + 1 == totals.size() ? counters_.back() : counters_[i];
    totals[i].requests += counters.requests.get();
    totals[i].errors += counters.errors.get();
    totals[i].time += std::chrono::nanoseconds(counters.nanoseconds.get());
    totals[i].request_bytes += counters.request_bytes.get();
    totals[i].response_bytes += counters.response_bytes.get();
  }
}

}  // namespace osproxy
