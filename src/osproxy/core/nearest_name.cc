#include "osproxy/core/nearest_name.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>

namespace osproxy {
namespace {

constexpr std::size_t kMaxBytes = 64;  // longer than any name that we have
constexpr std::size_t kMinPrefix = 3;
constexpr std::size_t kBytesPerEdit = 3;

/// Lower case, `-` for `_`.
std::string fold(std::string_view text) {
  std::string folded(text);
  for (char& c : folded) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    if (c == '_') c = '-';
  }
  return folded;
}

/// The edits that turn `a` into `b`; both at most kMaxBytes long. row[j] is the distance of a's
/// first i characters to b's first j; two earlier rows are kept for insertions and swaps.
std::size_t distance(std::string_view a, std::string_view b) {
  using Row = std::array<std::size_t, kMaxBytes + 1>;
  Row before_last{};
  Row last{};
  Row row{};
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    before_last = std::exchange(last, row);
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, replaced});
      const bool swapped =
          i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && a[i - 1] != b[j - 1];
      if (swapped) row[j] = std::min(row[j], before_last[j - 2] + 1);
    }
  }
  return row[b.size()];
}

/// The shortest of `names` that begins with `word`.
std::optional<std::string_view> completion(std::string_view word,
                                           std::span<const std::string> names) {
  std::optional<std::string_view> shortest;
  for (const std::string& name : names) {
    const bool shorter = !shortest || name.size() < shortest->size();
    if (shorter && fold(name).starts_with(word)) shortest = name;
  }
  return shortest;
}

}  // namespace

std::optional<std::string_view> nearest_name(std::string_view word,
                                             std::span<const std::string> names) {
  const std::size_t dashes = std::min(word.find_first_not_of('-'), word.size());
  const std::size_t letters = word.size() - dashes;
  if (letters == 0 || word.size() > kMaxBytes) return std::nullopt;
  const std::string folded = fold(word);
  const std::size_t allowed = std::max<std::size_t>(1, letters / kBytesPerEdit);
  std::pair best{allowed + 1, false};  // edits, then whether the name does not begin with the word
  std::optional<std::string_view> nearest;
  for (const std::string& name : names) {
    if (name.size() > kMaxBytes) continue;
    const std::string other = fold(name);
    const std::pair rank{distance(folded, other), !other.starts_with(folded)};
    if (rank >= best) continue;
    best = rank;
    nearest = name;
  }
  if (nearest || letters < kMinPrefix) return nearest;
  return completion(folded, names);
}

std::string did_you_mean(std::string_view word, std::span<const std::string> names) {
  const auto nearest = nearest_name(word, names);
  return nearest ? "; did you mean " + std::string(*nearest) + "?" : std::string();
}

}  // namespace osproxy
