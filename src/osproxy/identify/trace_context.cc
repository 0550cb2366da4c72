#include "osproxy/identify/trace_context.h"

#include <algorithm>
#include <cstddef>

#include "osproxy/core/ids.h"

namespace osproxy {
namespace {

bool is_lower_hex(std::string_view text) noexcept {
  return std::ranges::all_of(
      text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

bool is_all_zero(std::string_view text) noexcept {
  return std::ranges::all_of(text, [](char c) { return c == '0'; });
}

/// Keeps only the lowest bit, `sampled`; version 00 requires the others to be zero.
bool is_sampled(std::string_view flags) noexcept {
  constexpr std::string_view kOdd = "13579bdf";
  return kOdd.find(flags[1]) != kOdd.npos;
}

}  // namespace

TraceParent parse_traceparent(std::string_view text) noexcept {
  constexpr std::size_t kSize = 55;
  if (text.size() < kSize) return {};
  const std::string_view version = text.substr(0, 2);
  const TraceParent parts{.trace_id = text.substr(3, 32),
                          .parent_id = text.substr(36, 16),
                          .flags = text.substr(53, 2)};
  if (text[2] != '-' || text[35] != '-' || text[52] != '-') return {};
  for (const auto part : {version, parts.trace_id, parts.parent_id, parts.flags}) {
    if (!is_lower_hex(part)) return {};
  }
  if (version == "ff" || is_all_zero(parts.trace_id) || is_all_zero(parts.parent_id)) return {};
  if (text.size() > kSize && (version == "00" || text[kSize] != '-')) return {};
  return parts;
}

TraceSpans make_spans(const TraceParent& parent, Random& random) {
  TraceSpans spans{
      .trace_id = parent.is_valid() ? std::string(parent.trace_id) : make_trace_id(random),
      .server = make_span_id(random),
      .client = make_span_id(random)};
  const bool sampled = !parent.is_valid() || is_sampled(parent.flags);
  spans.to_upstream.append("00-").append(spans.trace_id).append("-").append(spans.client);
  spans.to_upstream.append(sampled ? "-01" : "-00");
  return spans;
}

}  // namespace osproxy
