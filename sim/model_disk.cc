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
    if (!disk_.kept_) return std::nullopt;
    return disk_.kept_->set;
  }
  void save(SavedSet set) override {
    Bounds all = bounds_();
    Bounds kept;  // without what is withheld, of which nothing is saved
    for (const Directive& directive : set.document.directives) {
      kept.insert(all.extract(directive.id));
    }
    disk_.save({.set = std::move(set), .bounds = std::move(kept), .boot = disk_.boot_});
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

/// At once, or within a second; of several that wait the newest is written.
void ModelDisk::save(SavedState kept) {
  const bool planned = waiting_.has_value();
  waiting_ = std::move(kept);
  if (planned) return;
  const auto delay = random_.below(2) * random_.below(1'000'000'000);
  time_.after(std::chrono::nanoseconds{static_cast<std::int64_t>(delay)}, [this] { stop(); });
}

void ModelDisk::stop() {
  if (!waiting_) return;
  kept_ = std::exchange(waiting_, std::nullopt);
  damaged_ = false;
}

void ModelDisk::crash() { waiting_.reset(); }

void ModelDisk::damage() { damaged_ = kept_.has_value(); }

}  // namespace osproxy::etcd::sim
