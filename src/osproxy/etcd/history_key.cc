#include "osproxy/etcd/history_key.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "osproxy/core/encoding.h"
#include "osproxy/core/random.h"

namespace osproxy::etcd {
namespace {

constexpr std::size_t kByHandDigits = 20;  // of the largest revision
constexpr std::size_t kUniqueDigits = 32;
constexpr std::string_view kStateFormat = "osproxy-history-1";
constexpr std::int64_t kMaxAgeSecs = std::int64_t{1} << 40;  // far beyond any setting

std::optional<std::int64_t> parse_count(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size() || number < 0) return std::nullopt;
  return number;
}

/// The next word, without the space after it.
std::string_view take_word(std::string_view& text) {
  const std::size_t space = std::min(text.find(' '), text.size());
  const std::string_view word = text.substr(0, space);
  text.remove_prefix(std::min(space + 1, text.size()));
  return word;
}

}  // namespace

std::string history_prefix(std::string_view document_key) {
  const std::size_t slash = document_key.rfind('/');
  const std::size_t last = slash == std::string_view::npos ? 0 : slash + 1;
  return fmt::format("{}history/{}/", document_key.substr(0, last), document_key.substr(last));
}

std::string new_entry_key(std::string_view prefix) {
  Random first = Random::from_system();
  Random second = Random::from_system();
  return fmt::format("{}{}{}", prefix, to_hex16(first.next()), to_hex16(second.next()));
}

std::string by_hand_key(std::string_view prefix, Revision revision) {
  return fmt::format("{}{:020}", prefix, revision);
}

std::string history_state_key(std::string_view prefix) { return fmt::format("{}state", prefix); }

std::optional<Revision> entry_revision(std::string_view prefix, const KeyValue& entry) {
  const std::string_view key = entry.key;
  if (!key.starts_with(prefix)) return std::nullopt;
  const std::string_view name = key.substr(prefix.size());
  if (name.size() == kUniqueDigits) {
    const bool is_hex = std::ranges::all_of(name, [](char c) { return hex_value(c) >= 0; });
    return is_hex ? std::optional(entry.create_revision) : std::nullopt;
  }
  if (name.size() != kByHandDigits) return std::nullopt;
  const auto revision = parse_count(name);
  // A change comes before its entry. Another key is a forgery, which must not stop the history by
  // a revision that is never reached.
  return revision && *revision > 0 && *revision < entry.create_revision ? revision : std::nullopt;
}

std::string encode_state(const HistoryState& state) {
  return fmt::format("{} {} {} {} {}", kStateFormat, state.trimmed, state.complete,
                     state.bounds.entries, state.bounds.age.count());
}

std::optional<HistoryState> decode_state(std::string_view value) {
  if (take_word(value) != kStateFormat) return std::nullopt;
  const auto trimmed = parse_count(take_word(value));
  const auto complete = parse_count(take_word(value));
  const auto entries = parse_count(take_word(value));
  const auto age = parse_count(take_word(value));
  if (!trimmed || !complete || !entries || !age || !value.empty()) return std::nullopt;
  if (*entries < 1 || *age < 1 || *age > kMaxAgeSecs) return std::nullopt;
  return HistoryState{.trimmed = *trimmed,
                      .complete = *complete,
                      .bounds = {.entries = *entries, .age = std::chrono::seconds{*age}}};
}

std::optional<HistoryState> usable_state(std::string_view value, Revision now) {
  auto state = decode_state(value);
  if (state && std::max(state->complete, state->trimmed) > now) state.reset();
  return state;
}

}  // namespace osproxy::etcd
