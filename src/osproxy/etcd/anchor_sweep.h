// When to look for orphans, and which ones are left to remove. An orphan is an anchor whose
// directive the document no longer has.
//
// Each instance sweeps at a random moment of a window, so that mostly one of them removes all
// orphans. A sweep lists the anchors, then removes the orphans one by one. It belongs to the anchor
// machine, which makes its calls (etcd/anchor_machine.h).
//
// Not thread-safe.
#pragma once

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "osproxy/core/clock.h"
#include "osproxy/core/random.h"
#include "osproxy/etcd/random_time.h"

namespace osproxy::etcd {

class AnchorSweep {
 public:
  /// A sweep at a random moment of the window, unless one is planned already.
  void plan(BootTime now, std::chrono::nanoseconds window, Random& random) {
    if (!at_) at_ = now + random_below(random, window);
  }

  /// A write without a response may be carried out until then, after its directive has gone: a
  /// sweep before that is followed by another one.
  void expect_late_write(BootTime until) { late_write_until_ = until; }

  /// Begins the sweep that is planned, if it is due: a list is needed.
  void begin_if_due(BootTime now, std::chrono::nanoseconds window, Random& random) {
    if (!at_ || now < *at_) return;
    at_.reset();
    needs_list_ = true;
    if (late_write_until_ && now < *late_write_until_) {
      at_ = *late_write_until_ + random_below(random, window);
    }
  }

  /// A list was asked for, for whatever reason, and these anchors have no directive.
  void listed(std::vector<std::string> orphans) {
    orphans_ = std::exchange(needs_list_, false) ? std::move(orphans) : std::vector<std::string>{};
  }

  void removed(const std::string& key) { std::erase(orphans_, key); }

  /// Another document is in force, which may have the directives of these.
  void forget_orphans() { orphans_.clear(); }

  bool needs_list() const { return needs_list_; }
  const std::vector<std::string>& orphans() const { return orphans_; }
  const std::optional<BootTime>& planned_at() const { return at_; }

 private:
  std::optional<BootTime> at_;
  std::optional<BootTime> late_write_until_;
  bool needs_list_ = false;
  std::vector<std::string> orphans_;
};

}  // namespace osproxy::etcd
