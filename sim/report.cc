#include "sim/report.h"

#include <ostream>
#include <utility>

#include <fmt/format.h>

namespace osproxy::etcd::sim {

void Report::trace(std::string_view kind, std::string_view what) {
  if (!trace_) return;
  const auto at = std::chrono::duration<double>(time_.now() - start_).count();
  *trace_ << fmt::format("{:11.6f} s  {:<9} {}\n", at, kind, what);
}

void Report::violated(std::string what) {
  if (violation_) return;
  trace("VIOLATION", what);
  violation_ = Violation{.at = time_.now() - start_, .what = std::move(what)};
}

}  // namespace osproxy::etcd::sim
