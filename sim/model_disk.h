// A model of the disk with the instance's state file, as a run finds it after a stop, a crash, a
// damage or a reboot.
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

/// The latest end of each directive of a document, by its id.
using Bounds = std::map<std::string, Life>;

class ModelDisk {
 public:
  struct SavedState {
    SavedSet set;
    Bounds bounds;  ///< at the time of the save
    std::uint64_t boot;
  };

  ModelDisk(VirtualTime& time, Random random) : time_(time), random_(random) {}

  /// The storage of one run. The disk must outlive it.
  std::unique_ptr<StateStorage> storage(std::function<Bounds()> bounds);

  void stop();    ///< completes the pending write
  void crash();   ///< loses the pending write
  void damage();  ///< makes the file unusable
  void reboot() { ++boot_; }

  /// The state that a run which starts now finds; null: no usable one.
  const SavedState* found() const { return saved_ && !damaged_ ? &*saved_ : nullptr; }
  std::uint64_t boot() const { return boot_; }

 private:
  class Storage;

  void save(SavedState state);

  VirtualTime& time_;
  Random random_;
  std::uint64_t boot_ = 1;
  std::optional<SavedState> saved_;
  std::optional<SavedState> pending_;
  bool damaged_ = false;
};

}  // namespace osproxy::etcd::sim
