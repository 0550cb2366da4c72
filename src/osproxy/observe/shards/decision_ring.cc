#include "osproxy/observe/shards/decision_ring.h"

#include <algorithm>
#include <utility>

#include "osproxy/core/prefetch.h"
#include "osproxy/directive/record_budget.h"

namespace osproxy {
namespace {

constexpr std::size_t kSlotBytes = 320;
constexpr std::size_t kTextBytes = 208;  // the rest of a slot

// Slots that find() compares with the mutex held. The worker may wait for these microseconds.
constexpr std::uint64_t kFindAtATime = 32;

// Of failed items. The bound is never reached: the 4 MiB of a response that are read hold fewer.
constexpr std::uint32_t kUnknownItems = UINT32_MAX;
constexpr std::uint32_t kMostItems = kUnknownItems - 1;

}  // namespace

// Layout of a slot, 320 bytes:
//
// | fixed fields | text: id | tenant | principal | index | agent | opaque id | unused |
//
// The names follow each other without separators; their sizes are fixed fields. A name that does
// not fit is truncated, and `is_cut` is set.
//
// Members: the fixed fields, which are copied one by one.
// Without initializers, because a slot that is not used must not be touched.
struct DecisionRing::Slot {
  std::int64_t started_wall;
  std::int64_t started_boot;
  std::int64_t latency;
  std::array<std::uint8_t, 16> client;  // its address
  std::uint64_t shape;                  // if has_shape
  std::uint32_t failed_items;           // kUnknownItems: not known
  std::uint32_t set_number;
  std::uint32_t recorded_by[Verdict::kMaxNamed];
  std::int16_t status;
  Endpoint endpoint;
  bool principal_verified;
  bool from_node;
  bool has_shape;
  bool recorded;
  bool is_cut;
  std::uint8_t recorded_count;
  // Of the names in `text`, in this order.
  std::uint8_t id_size;
  std::uint8_t tenant_size;
  std::uint8_t principal_size;
  std::uint8_t index_size;
  std::uint8_t agent_size;
  std::uint8_t opaque_id_size;
  bool keeps_address;
  bool keeps_agent;
  bool keeps_opaque_id;
  bool has_client;
  char text[kTextBytes];

  std::string_view id() const noexcept { return {text, id_size}; }

  bool is_vouched_for() const noexcept {
    return osproxy::is_vouched_for({.endpoint = endpoint, .principal_verified = principal_verified},
                                   {.latency = {}, .status = status, .from_node = from_node});
  }
};

namespace {

// Copies as much of `from` as fits; returns its size in `text`.
std::uint8_t append(std::string_view from, char* text, std::size_t& used, bool& is_cut) noexcept {
  const std::size_t size = std::min(from.size(), kTextBytes - used);
  std::copy_n(from.data(), size, text + used);
  used += size;
  is_cut = is_cut || size < from.size();
  return static_cast<std::uint8_t>(size);
}

}  // namespace

DecisionRing::DecisionRing(std::size_t slots)
    : size_(slots), slots_(std::make_unique_for_overwrite<Slot[]>(slots)) {
  static_assert(sizeof(Slot) <= kSlotBytes);
}

DecisionRing::~DecisionRing() = default;

std::uint32_t DecisionRing::in_force(const DirectiveSet::Pointer& set) noexcept {
  if (size_ == 0) return 0;
  if (set.get() == current_) return newest_set_;
  DirectiveSet::Pointer oldest = set;  // swapped below, then destroyed after the mutex is released
  current_ = set.get();
  const std::lock_guard lock(mutex_);
  ++newest_set_;
  std::swap(sets_[newest_set_ % kMaxSets], oldest);
  return newest_set_;
}

void DecisionRing::put(const MatchedRequest& request) noexcept {
  if (size_ == 0) return;
  const std::lock_guard lock(mutex_);
  Slot& slot = slots_[end_ % size_];
  ++end_;
  // The slot of the next request is in cache by the time it ends; of ten thousand slots, it is not
  // there now.
  prefetch_to_write(&slots_[end_ % size_], sizeof(Slot));
  slot.started_wall = request.started.wall.time_since_epoch().count();
  slot.started_boot = request.started.boot.time_since_epoch().count();
  slot.latency = request.outcome.latency.count();
  slot.has_shape = request.outcome.shape.has_value();
  slot.shape = request.outcome.shape.value_or(0);
  const auto& failed_items = request.outcome.failed_items;
  slot.failed_items =
      failed_items ? static_cast<std::uint32_t>(std::min<std::uint64_t>(*failed_items, kMostItems))
                   : kUnknownItems;
  slot.set_number = request.set_number;
  slot.status = static_cast<std::int16_t>(request.outcome.status);
  slot.endpoint = request.attributes.endpoint;
  slot.principal_verified = request.attributes.principal_verified;
  slot.from_node = request.outcome.from_node;
  slot.recorded = request.verdict.selected();
  const auto named = request.verdict.named();
  std::ranges::copy(named, slot.recorded_by);
  slot.recorded_count = static_cast<std::uint8_t>(named.size());
  std::size_t used = 0;
  bool is_cut = false;
  slot.id_size = append(request.request_id, slot.text, used, is_cut);
  slot.tenant_size = append(request.attributes.tenant, slot.text, used, is_cut);
  slot.principal_size = append(request.attributes.principal, slot.text, used, is_cut);
  slot.index_size = append(request.attributes.index, slot.text, used, is_cut);
  const Attributes& from = request.attributes;
  slot.keeps_address = request.kept.address;
  slot.keeps_agent = request.kept.agent;
  slot.keeps_opaque_id = request.kept.opaque_id;
  slot.has_client = request.kept.address && !from.client.empty();
  slot.client = slot.has_client ? from.client_address.bytes : IpAddress{}.bytes;
  slot.agent_size = append(request.kept.agent ? from.agent : "", slot.text, used, is_cut);
  slot.opaque_id_size =
      append(request.kept.opaque_id ? from.opaque_id : "", slot.text, used, is_cut);
  slot.is_cut = is_cut;
}

void DecisionRing::find(std::string_view request_id, std::size_t max_of_a_kind,
                        std::vector<RememberedRequest>& out) const {
  std::size_t room[2] = {max_of_a_kind, max_of_a_kind};
  std::uint64_t next = 0;  // one past the next slot to compare
  {
    const std::lock_guard lock(mutex_);
    next = end_;
  }
  while (next > 0 && room[0] + room[1] > 0) {
    const std::lock_guard lock(mutex_);
    for (std::uint64_t i = 0; i < kFindAtATime && next > 0; ++i) {
      --next;
      if (end_ - next > size_) return;  // overwritten by a newer request
      const Slot& slot = slots_[next % size_];
      if (slot.id() != request_id) continue;
      std::size_t& left = room[slot.is_vouched_for() ? 1 : 0];
      if (left == 0) continue;
      --left;
      out.push_back(read(slot));
    }
  }
}

RememberedRequest DecisionRing::read(const Slot& slot) const {
  const char* text = slot.text;
  const auto next = [&text](std::size_t size) {
    return std::string(std::exchange(text, text + size), size);
  };
  RememberedRequest request{.request_id = next(slot.id_size)};
  request.tenant = next(slot.tenant_size);
  request.principal = next(slot.principal_size);
  request.index = next(slot.index_size);
  request.agent = next(slot.agent_size);
  request.opaque_id = next(slot.opaque_id_size);
  if (slot.has_client) request.client = IpAddress{.bytes = slot.client}.to_string();
  request.kept = {
      .address = slot.keeps_address, .agent = slot.keeps_agent, .opaque_id = slot.keeps_opaque_id};
  request.endpoint = slot.endpoint;
  request.is_cut = slot.is_cut;
  request.started = {.wall = WallTime(std::chrono::nanoseconds(slot.started_wall)),
                     .boot = BootTime(std::chrono::nanoseconds(slot.started_boot))};
  request.principal_verified = slot.principal_verified;
  request.outcome = {.latency = std::chrono::nanoseconds(slot.latency),
                     .status = slot.status,
                     .from_node = slot.from_node};
  if (slot.has_shape) request.outcome.shape = slot.shape;
  if (slot.failed_items != kUnknownItems) request.outcome.failed_items = slot.failed_items;
  request.recorded = slot.recorded;
  request.recorded_by.assign(slot.recorded_by, slot.recorded_by + slot.recorded_count);
  if (newest_set_ - slot.set_number < kMaxSets) {
    request.set = sets_[slot.set_number % kMaxSets];
  }
  return request;
}

}  // namespace osproxy
