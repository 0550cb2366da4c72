// A bar for long work, on a terminal: how much is done, how fast, and how long the rest takes.
//
//   ProgressBar bar(environment);
//   bar.clear();
//   print(line);
//   bar.show(done, total);
//
// It stands in the last line of standard error, and only if a person looks at it there: a file or a
// pipe gets nothing. It has no colours.
//
// Not thread-safe. The environment must outlive it.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>

#include "osproxy/cli/run/environment.h"

namespace osproxy::cli {

/// Such as "[#####---------------] 250/1000, 125/s, 6s left". Without rate and rest in
/// the first second, when they would be chance.
std::string bar_text(std::size_t done, std::size_t total, std::chrono::nanoseconds elapsed);

class ProgressBar {
 public:
  explicit ProgressBar(Environment& environment);

  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  /// Draws it.
  void show(std::size_t done, std::size_t total);

  /// Takes it off, so that a line can be printed in its place.
  void clear();

 private:
  Environment& environment_;
  const BootTime start_;
  bool is_drawn_ = false;
};

}  // namespace osproxy::cli
