#include "osproxy/cli/print/progress_bar.h"

#include <algorithm>
#include <cmath>

#include <fmt/ostream.h>

#include "osproxy/core/duration.h"

namespace osproxy::cli {
namespace {

using std::chrono::nanoseconds;

constexpr std::size_t kWidth = 20;

/// A rate of less time is chance.
constexpr nanoseconds kLeastTime = std::chrono::seconds{1};

double seconds_of(nanoseconds time) { return std::chrono::duration<double>(time).count(); }

}  // namespace

std::string bar_text(std::size_t done, std::size_t total, nanoseconds elapsed) {
  const std::size_t filled = total == 0 ? kWidth : std::min(done * kWidth / total, kWidth);
  std::string text =
      fmt::format("[{:#<{}}{:-<{}}] {}/{}", "", filled, "", kWidth - filled, done, total);
  if (elapsed < kLeastTime || done == 0) return text;
  const double rate = static_cast<double>(done) / seconds_of(elapsed);
  const double rest = static_cast<double>(total - std::min(done, total)) / rate;
  const std::chrono::seconds left(std::lround(rest));
  return text + fmt::format(", {:.{}f}/s, {} left", rate, rate < 10 ? 1 : 0, format_duration(left));
}

ProgressBar::ProgressBar(Environment& environment)
    : environment_(environment), start_(environment.clock.now().boot) {}

void ProgressBar::show(std::size_t done, std::size_t total) {
  if (!environment_.is_err_terminal) return;
  is_drawn_ = true;
  environment_.out.flush();  // the lines before it, which may go to the same terminal
  fmt::print(environment_.err, "{}", bar_text(done, total, environment_.clock.now().boot - start_));
  environment_.err.flush();
}

/// Carriage return, then "erase to the end of the line" (ECMA-48, EL).
void ProgressBar::clear() {
  if (!is_drawn_) return;
  is_drawn_ = false;
  fmt::print(environment_.err, "\r\x1b[K");
  environment_.err.flush();
}

}  // namespace osproxy::cli
