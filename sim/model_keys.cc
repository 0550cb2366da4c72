#include "sim/model_keys.h"

#include <utility>

namespace osproxy::etcd::sim {

const ModelKeys::Key* ModelKeys::find(const std::string& key) const {
  const auto found = keys_.find(key);
  return found == keys_.end() ? nullptr : &found->second;
}

std::vector<KeyValue> ModelKeys::list(const std::string& prefix) const {
  std::vector<KeyValue> result;
  for (auto at = keys_.lower_bound(prefix); at != keys_.end() && at->first.starts_with(prefix);
       ++at) {
    result.push_back(
        {.key = at->first, .mod_revision = at->second.mod_revision, .value = at->second.value});
  }
  return result;
}

bool ModelKeys::put(const std::string& key, std::string value, LeaseId lease) {
  if (lease != 0 && !leases_.contains(lease)) return false;
  const auto found = keys_.find(key);
  const Key after{.value = std::move(value), .mod_revision = ++revision_, .lease = lease};
  on_change_(key, found == keys_.end() ? nullptr : &found->second, &after);
  keys_[key] = after;
  return true;
}

void ModelKeys::remove(const std::string& key) {
  const auto found = keys_.find(key);
  if (found == keys_.end()) return;
  ++revision_;
  on_change_(key, &found->second, nullptr);
  keys_.erase(found);
}

LeaseId ModelKeys::grant(std::chrono::seconds ttl) {
  const LeaseId lease = ++last_lease_;
  leases_[lease].ttl = ttl;
  keep_alive(lease);
  return lease;
}

std::chrono::seconds ModelKeys::keep_alive(LeaseId lease) {
  const auto found = leases_.find(lease);
  if (found == leases_.end()) return std::chrono::seconds{0};
  found->second.end = time_.now() + found->second.ttl;
  time_.after(found->second.ttl, [this, lease] {
    const auto ending = leases_.find(lease);
    if (ending != leases_.end() && time_.now() >= ending->second.end) revoke(lease);
  });
  return found->second.ttl;
}

bool ModelKeys::revoke(LeaseId lease) {
  if (leases_.erase(lease) == 0) return false;
  std::vector<std::string> bound;
  for (const auto& [key, one] : keys_) {
    if (one.lease == lease) bound.push_back(key);
  }
  for (const std::string& key : bound) remove(key);
  return true;
}

void ModelKeys::end_leases() {
  while (!leases_.empty()) revoke(leases_.begin()->first);
}

void ModelKeys::go_back_to(Revision revision) {
  std::erase_if(keys_, [=](const auto& one) { return one.second.mod_revision > revision; });
}

void ModelKeys::clear() {
  keys_.clear();
  leases_.clear();
}

}  // namespace osproxy::etcd::sim
