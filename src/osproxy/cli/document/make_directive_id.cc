#include "osproxy/cli/document/make_directive_id.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include <fmt/format.h>

namespace osproxy::cli {
namespace {

constexpr std::size_t kMaxStemBytes = 40;  // fits a line of a table
constexpr int kSuffixDigits = 3;
constexpr int kMaxSuffixDigits = 16;  // 64 bits

// In lower case; every run of other characters becomes one `-`.
void append_part(std::string& stem, std::string_view part) {
  if (!stem.empty() && stem.back() != '-') stem += '-';
  for (const char c : part) {
    const bool upper = c >= 'A' && c <= 'Z';
    const bool kept =
        upper || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_';
    if (kept) {
      stem += upper ? static_cast<char>(c - 'A' + 'a') : c;
    } else if (!stem.empty() && stem.back() != '-') {
      stem += '-';
    }
  }
}

std::string make_stem(const Target& target) {
  std::string stem;
  for (const auto* part :
       {&target.tenant, &target.index, &target.principal, &target.agent, &target.opaque_id}) {
    if (*part) append_part(stem, **part);
  }
  if (target.client) append_part(stem, to_string(*target.client));
  if (target.endpoint) append_part(stem, to_string(*target.endpoint));
  stem.resize(std::min(stem.size(), kMaxStemBytes));
  while (stem.ends_with('-')) stem.pop_back();
  return stem.empty() ? (target == Target{} ? "all" : "directive") : stem;
}

}  // namespace

std::string make_directive_id(const Target& target, Random& random,
                              const std::function<bool(std::string_view)>& taken) {
  const std::string stem = make_stem(target);
  std::string id;
  for (int digits = kSuffixDigits; digits <= kMaxSuffixDigits; ++digits) {
    const std::uint64_t suffix = random.next() >> (64 - 4 * digits);
    id = fmt::format("{}-{:0{}x}", stem, suffix, digits);
    if (!taken(id)) break;
  }
  return id;
}

}  // namespace osproxy::cli
