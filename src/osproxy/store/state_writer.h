// Saves the last good set in the background, so that a slow disk does not keep a store from its
// source.
//
//   StateWriter writer("/var/lib/osproxy/last-good.state");
//   writer.save(set);    // returns at once
//
// It writes the newest of several waiting sets, at most one a second; at destruction it still
// writes the waiting one. After a failure it tries again with the next set, and every 10 s.
//
// Thread safety: every member may be called from any thread. Owns one thread; the destructor waits
// for the write under way and the last one, for as long as the disk takes.
#pragma once

#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "osproxy/store/state_file.h"

namespace osproxy {

class StateWriter {
 public:
  explicit StateWriter(std::filesystem::path path);
  ~StateWriter();
  StateWriter(const StateWriter&) = delete;
  StateWriter& operator=(const StateWriter&) = delete;

  /// Writes `set` soon, unless a newer one comes first.
  void save(SavedSet set);

  /// Why the last write failed; empty if it succeeded.
  std::string error() const;

 private:
  void run(const std::stop_token& stop);

  const std::filesystem::path path_;

  mutable std::mutex mutex_;
  std::condition_variable_any filled_;
  std::optional<SavedSet> waiting_;  // guarded by mutex_
  std::string error_;                // guarded by mutex_

  std::jthread thread_;  // last: joined before the other members go
};

}  // namespace osproxy
