// A verdict as text, to compare and to print every field of it.
#pragma once

#include <string>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "osproxy/directive/directive_set.h"

namespace osproxy::testing {

inline std::string text_of(const Verdict& verdict) {
  return fmt::format("{} ring={} capture={} undecided={} shape={} refused={} {}: {}",
                     to_string(verdict.level), verdict.ring_buffer, verdict.capture,
                     verdict.undecided, verdict.reads_shape, verdict.refused_count,
                     verdict.matched_count, fmt::join(verdict.named(), " "));
}

}  // namespace osproxy::testing
