#include "osproxy/store/last_good.h"

#include <utility>

namespace osproxy {

LastGood::LastGood(std::unique_ptr<StateStorage> storage, std::string key, const Clock& clock)
    : key_(std::move(key)),
      clock_(clock),
      storage_(std::move(storage)),
      boot_id_(storage_->boot_id()) {
  auto loaded = storage_->load();
  if (!loaded) {
    refusal_ = "the last good set is not used: " + loaded.error();
    return;
  }
  found_ = *std::move(loaded);
  if (found_) found_->lives = resumed_lives(*found_, boot_id_, clock_.now());
}

void LastGood::save(const DirectiveSet& set, std::int64_t revision, std::uint64_t cluster_id) {
  SavedSet saved{.key = key_,
                 .cluster_id = cluster_id,
                 .revision = revision,
                 .saved_at = clock_.now().wall,
                 .boot_id = boot_id_};
  for (const CompiledDirective& compiled : set.directives()) {
    saved.document.directives.push_back(compiled.directive);
    saved.lives.push_back(compiled.life);
  }
  refusal_.clear();  // the file that was refused is replaced
  storage_->save(std::move(saved));
}

std::string LastGood::warning() const {
  if (!refusal_.empty()) return refusal_;
  const std::string error = storage_->error();
  return error.empty() ? error : "the last good set is not saved: " + error;
}

}  // namespace osproxy
