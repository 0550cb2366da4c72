// Reads the query of a request by a table of parameters. A fault is a 400 with `bad_filter`, which
// repeats nothing that the client sent.
//
//   constexpr QueryParameter<Wanted> kParameters[] = {
//       {"limit", "a whole number greater than zero",
//        [](Wanted& w, std::string v) { return set_limit(w.limit, v); }},
//   };
//   auto wanted = read_query<Wanted>(request.query(), kParameters);
//
// Pure functions.
#pragma once

#include <charconv>
#include <concepts>
#include <cstddef>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "osproxy/admin/message.h"
#include "osproxy/core/encoding.h"

namespace osproxy::admin {

template <class Wanted>
struct QueryParameter {
  std::string_view name;
  std::string_view rule;  ///< what its value must be
  bool (*store)(Wanted&, std::string value);
};

// For QueryParameter::store: false if the value is malformed.

/// A text that is not empty.
inline bool set(std::optional<std::string>& into, std::string text) {
  if (text.empty()) return false;
  into = std::move(text);
  return true;
}

/// The result of parsing, if there is one.
template <class T>
bool set(std::optional<T>& into, std::optional<T> parsed) {
  into = parsed;
  return parsed.has_value();
}

/// A whole number greater than zero.
template <std::unsigned_integral T>
bool set_limit(T& into, std::string_view text) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), into);
  return error == std::errc{} && end == text.data() + text.size() && into > 0;
}

Response bad_filter(std::string reason);

/// Does not repeat the name: the client may have sent anything.
Response unknown_filter(std::size_t position, std::span<const std::string_view> known);

/// Values are percent-decoded. Each parameter may be given once.
template <class Wanted, std::size_t kCount>
std::expected<Wanted, Response> read_query(std::string_view query,
                                           const QueryParameter<Wanted> (&parameters)[kCount]) {
  Wanted wanted;
  bool seen[kCount] = {};
  for (std::size_t position = 1; !query.empty(); ++position) {
    const std::size_t end = query.find('&');
    const std::string_view text = query.substr(0, end);
    query = end == query.npos ? std::string_view{} : query.substr(end + 1);
    const std::size_t equals = text.find('=');
    std::size_t i = 0;
    while (i < kCount && (equals == text.npos || text.substr(0, equals) != parameters[i].name)) ++i;
    if (i == kCount) {
      std::string_view known[kCount];
      for (std::size_t k = 0; k < kCount; ++k) known[k] = parameters[k].name;
      return std::unexpected(unknown_filter(position, known));
    }
    const std::string name(parameters[i].name);
    if (std::exchange(seen[i], true)) return std::unexpected(bad_filter(name + " is given twice"));
    auto value = percent_decode(text.substr(equals + 1));
    if (!value || !parameters[i].store(wanted, *std::move(value))) {
      return std::unexpected(bad_filter(name + " must be " + std::string(parameters[i].rule)));
    }
  }
  return wanted;
}

}  // namespace osproxy::admin
