// The state file of the instance, as it is found after a stop, a crash, a damage or a reboot.
//
// Not thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "osproxy/core/random.h"
#include "osproxy/directive/life.h"
#include "osproxy/store/state_storage.h"
#include "sim/virtual_time.h"

namespace osproxy::etcd::sim {

/// When each directive of a document has to be over, by its id.
using Bounds = std::map<std::string, Life>;

class ModelDisk {
 public:
  struct SavedState {
    SavedSet set;
    Bounds bounds;  ///< as they were when it was saved
    std::uint64_t boot;
  };

  ModelDisk(VirtualTime& time, Random random) : time_(time), random_(random) {}

  /// The storage of one run; the disk must outlive it.
  std::unique_ptr<StateStorage> storage(std::function<Bounds()> bounds);

  void stop();    ///< what waits is still written
  void crash();   ///< or is lost
  void damage();  ///< what is there cannot be used
  void reboot() { ++boot_; }

  /// What a run that starts now finds; null: nothing that can be used.
  const SavedState* found() const { return kept_ && !damaged_ ? &*kept_ : nullptr; }
  std::uint64_t boot() const { return boot_; }

 private:
  class Storage;

  void save(SavedState kept);

  VirtualTime& time_;
  Random random_;
  std::uint64_t boot_ = 1;
  std::optional<SavedState> kept_;
  std::optional<SavedState> waiting_;
  bool damaged_ = false;
};

}  // namespace osproxy::etcd::sim
