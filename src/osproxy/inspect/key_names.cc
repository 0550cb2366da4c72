// How a name is told from a value
//
// Problem. Field names are the user's choice, so no list of them exists. Keys that are values must
// not be shown: ids, e-mail addresses, dates, tokens, hashes.
//
// First attempt. A pattern of characters, `[A-Za-z_][A-Za-z0-9_.-]*`, rejects "alice@example.com"
// and "2024-05-01". But it accepts a hash ("deadbeef0123"), a token ("Zm9vYmFyQmF6"), and an id
// with a prefix ("order-88123456").
//
// Idea. A person has to pronounce, remember and type a name. So a name consists of words, and a
// word has vowels, no long runs of consonants, capitals only where words meet, and few digits, at
// its end. Random text of the same length fails at least one of these with high probability.
//
// Algorithm. Split the key at `_`, `-` and `.`. The key is a name if it has at most kMaxDigits
// digits in all, begins with a letter, `_` or `@`, and each part is a word:
//
// - letters, then at most kMaxDigitsOfWord digits; or at most kMaxDigitsAlone digits alone, as in
//   "address_2"; or one of a few abbreviations ("k8s");
// - not hexadecimal throughout, if it is long enough for a hash: "facade" is a word, "facade01"
//   is not;
// - at most kMaxWordBytes long, and not random by looks_random().
//
// Every threshold errs to the side of a value: a name that is rejected is folded into `{key}`,
// which loses detail; a value that is accepted would be disclosed.
#include "osproxy/inspect/key_names.h"

#include <algorithm>
#include <array>

namespace osproxy {
namespace {

// As many digits as names have: address_2, sha256, ipv4.
constexpr std::size_t kMaxDigitsOfWord = 3;
constexpr std::size_t kMaxDigitsAlone = 2;
constexpr std::size_t kMaxDigits = 5;

// Longer words, and shorter ones that look random, are hashes, tokens and the like.
constexpr std::size_t kMaxWordBytes = 32;
constexpr std::size_t kMaxConsonants = 6;  // in a row: "catchphrase" has six
constexpr std::size_t kMinHexBytes = 6;
constexpr std::size_t kMinHexLetters = 8;  // without a digit: "facade" is a word
constexpr std::size_t kMinBytesWithVowel = 7;

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
bool is_upper(char c) noexcept { return c >= 'A' && c <= 'Z'; }
char lower(char c) noexcept { return is_upper(c) ? static_cast<char>(c | 0x20) : c; }
bool is_letter(char c) noexcept { return lower(c) >= 'a' && lower(c) <= 'z'; }
bool is_vowel(char c) noexcept {
  return std::string_view("aeiouy").find(lower(c)) != std::string_view::npos;
}
bool is_hex(char c) noexcept { return is_digit(c) || (lower(c) >= 'a' && lower(c) <= 'f'); }

/// True for letters that nobody can pronounce, or that change between capitals and small letters
/// often, as Base64 does.
bool looks_random(std::string_view letters) noexcept {
  std::size_t run = 0;
  std::size_t longest = 0;
  std::size_t vowels = 0;
  std::size_t turns = 0;
  for (std::size_t i = 0; i < letters.size(); ++i) {
    run = is_vowel(letters[i]) ? 0 : run + 1;
    longest = std::max(longest, run);
    vowels += is_vowel(letters[i]) ? 1U : 0U;
    turns += i > 0 && is_upper(letters[i]) != is_upper(letters[i - 1]) ? 1U : 0U;
  }
  return longest > kMaxConsonants || (letters.size() >= kMinBytesWithVowel && vowels == 0) ||
         (letters.size() >= kMinBytesWithVowel && 2 * turns > letters.size());
}

bool is_word(std::string_view word) noexcept {
  for (const std::string_view known : {"k8s", "i18n", "l10n", "a11y", "e2e", "b2b", "b2c", "p2p"}) {
    if (word == known) return true;
  }
  const auto* const digits = std::ranges::find_if(word, is_digit);
  const auto letters = static_cast<std::size_t>(digits - word.begin());
  const std::size_t behind = word.size() - letters;
  if (!std::all_of(digits, word.end(), is_digit)) return false;
  if (letters == 0) return behind <= kMaxDigitsAlone;
  const std::size_t min_hex = behind > 0 ? kMinHexBytes : kMinHexLetters;
  const bool hex = word.size() >= min_hex && std::ranges::all_of(word, is_hex);
  return behind <= kMaxDigitsOfWord && !hex && word.size() <= kMaxWordBytes &&
         !looks_random(word.substr(0, letters));
}

/// Sorted.
constexpr auto kDslKeywords = std::to_array<std::string_view>({
    "_id",
    "_index",
    "_source",
    "adjacency_matrix",
    "adjust_pure_negative",
    "after",
    "aggregations",
    "aggs",
    "analyzer",
    "auto_date_histogram",
    "avg",
    "bool",
    "boost",
    "boost_mode",
    "boosting",
    "bucket_script",
    "bucket_selector",
    "bucket_sort",
    "cardinality",
    "case_insensitive",
    "collapse",
    "combine_script",
    "common",
    "composite",
    "constant_score",
    "create",
    "date_histogram",
    "date_range",
    "default_field",
    "default_operator",
    "delete",
    "derivative",
    "detect_noop",
    "dis_max",
    "distance",
    "distance_feature",
    "doc",
    "doc_as_upsert",
    "docvalue_fields",
    "excludes",
    "exists",
    "explain",
    "extended_bounds",
    "extended_stats",
    "field",
    "field_value_factor",
    "fields",
    "filter",
    "filters",
    "fixed_interval",
    "format",
    "from",
    "function_score",
    "functions",
    "fuzziness",
    "fuzzy",
    "geo_bounding_box",
    "geo_distance",
    "geo_polygon",
    "geo_shape",
    "global",
    "gt",
    "gte",
    "has_child",
    "has_parent",
    "highlight",
    "histogram",
    "hybrid",
    "id",
    "ids",
    "if_primary_term",
    "if_seq_no",
    "ignore_unmapped",
    "include",
    "includes",
    "index",
    "indices_boost",
    "init_script",
    "inner_hits",
    "interval",
    "intervals",
    "k",
    "keep_alive",
    "keyed",
    "knn",
    "lang",
    "like",
    "lt",
    "lte",
    "map_script",
    "match",
    "match_all",
    "match_bool_prefix",
    "match_none",
    "match_phrase",
    "match_phrase_prefix",
    "max",
    "max_expansions",
    "median_absolute_deviation",
    "min",
    "min_doc_count",
    "min_score",
    "minimum_should_match",
    "missing",
    "mode",
    "more_like_this",
    "multi_match",
    "must",
    "must_not",
    "negative",
    "negative_boost",
    "nested",
    "neural",
    "number_of_fragments",
    "numeric_type",
    "offset",
    "operator",
    "order",
    "params",
    "path",
    "percentile_ranks",
    "percentiles",
    "percolate",
    "pipeline",
    "pit",
    "positive",
    "precision_threshold",
    "preference",
    "prefix",
    "prefix_length",
    "profile",
    "queries",
    "query",
    "query_string",
    "random_score",
    "range",
    "ranges",
    "rank_feature",
    "rare_terms",
    "reduce_script",
    "regexp",
    "rescore",
    "rescore_query",
    "retry_on_conflict",
    "reverse_nested",
    "routing",
    "score_mode",
    "script",
    "script_fields",
    "script_score",
    "scripted_metric",
    "scroll",
    "scroll_id",
    "search_after",
    "search_type",
    "seed",
    "separator",
    "shard_size",
    "should",
    "significant_terms",
    "significant_text",
    "simple_query_string",
    "size",
    "slice",
    "slop",
    "sort",
    "source",
    "sources",
    "span_near",
    "span_or",
    "span_term",
    "stats",
    "stored_fields",
    "suggest",
    "sum",
    "term",
    "terminate_after",
    "terms",
    "terms_set",
    "tie_breaker",
    "time_zone",
    "timeout",
    "to",
    "top_hits",
    "track_scores",
    "track_total_hits",
    "type",
    "unmapped_type",
    "update",
    "upsert",
    "value",
    "value_count",
    "values",
    "version",
    "version_type",
    "weight",
    "weighted_avg",
    "wildcard",
    "wrapper",
});
static_assert(std::ranges::is_sorted(kDslKeywords));

}  // namespace

bool looks_like_name(std::string_view key) noexcept {
  if (key.empty() || key.size() > kMaxNameBytes) return false;
  if (std::ranges::count_if(key, is_digit) > static_cast<std::ptrdiff_t>(kMaxDigits)) return false;
  std::string_view rest = key;
  if (rest.front() == '@') rest.remove_prefix(1);  // @timestamp
  if (rest.empty() || !(is_letter(rest.front()) || rest.front() == '_')) return false;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find_first_of("_-."), rest.size());
    const std::string_view word = rest.substr(0, end);
    const auto in_word = [](char c) { return is_letter(c) || is_digit(c); };
    if (!std::ranges::all_of(word, in_word) || (!word.empty() && !is_word(word))) return false;
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return true;
}

bool is_dsl_keyword(std::string_view key) noexcept {
  return std::ranges::binary_search(kDslKeywords, key);
}

}  // namespace osproxy
