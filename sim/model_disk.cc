#include "sim/model_disk.h"

#include <chrono>
#include <expected>
#include <functional>
#include <utility>

namespace osproxy::etcd::sim {

class ModelDisk::Storage final : public StateStorage {
 public:
  Storage(ModelDisk& disk, std::function<Bounds()> bounds)
      : disk_(disk), bounds_(std::move(bounds)) {}

  std::expected<std::optional<SavedSet>, std::string> load() override {
    if (disk_.damaged_) return std::unexpected("it is torn");
    if (!disk_.saved_) return std::nullopt;
    return disk_.saved_->set;
  }
  void save(SavedSet set) override {
    Bounds all = bounds_();
    Bounds saved;  // without withheld directives, which are not saved
    for (const Directive& directive : set.document.directives) {
      saved.insert(all.extract(directive.id));
    }
    disk_.save({.set = std::move(set), .bounds = std::move(saved), .boot = disk_.boot_});
  }
  std::string error() const override { return {}; }
  std::string boot_id() const override { return std::to_string(disk_.boot_); }

 private:
  ModelDisk& disk_;
  const std::function<Bounds()> bounds_;
};

std::unique_ptr<StateStorage> ModelDisk::storage(std::function<Bounds()> bounds) {
  return std::make_unique<Storage>(*this, std::move(bounds));
}

/// Writes at once, or within a second. Of several pending states the newest is written.
void ModelDisk::save(SavedState state) {
  const bool planned = pending_.has_value();
  pending_ = std::move(state);
  if (planned) return;
  const auto delay = random_.below(2) * random_.below(1'000'000'000);
  time_.after(std::chrono::nanoseconds{static_cast<std::int64_t>(delay)}, [this] { stop(); });
}

void ModelDisk::stop() {
  if (!pending_) return;
  saved_ = std::exchange(pending_, std::nullopt);
  damaged_ = false;
}

void ModelDisk::crash() { pending_.reset(); }

void ModelDisk::damage() { damaged_ = saved_.has_value(); }

}  // namespace osproxy::etcd::sim
