// Reads the query of a request by a table of its parameters.
//
//   RecordFilter filter;
//   auto read = read_query("tenant=acme&slower=1s", filter_parameters(filter));
//   if (!read) return read.error();   // 400: which parameter is wrong, and what is right
//
// Each parameter may be given once. A value may be percent-encoded.
#pragma once

#include <charconv>
#include <chrono>
#include <expected>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "osproxy/admin/message.h"
#include "osproxy/observe/record_filter.h"

namespace osproxy::admin {

struct Parameter {
  std::string_view name;
  std::string_view rule;                   ///< for a person: "the name of a tenant"
  std::function<bool(std::string)> store;  ///< false: the value breaks the rule
};

std::expected<void, Response> read_query(std::string_view query,
                                         const std::vector<Parameter>& parameters);

/// The parameters of a target. `into` must outlive them.
std::vector<Parameter> target_parameters(Target& into);

/// `slower`; likewise.
Parameter slower_parameter(std::optional<std::chrono::milliseconds>& into);

/// The parameters that select records; likewise.
std::vector<Parameter> filter_parameters(RecordFilter& into);

/// Stores the result of parsing, if there is one.
template <class T>
bool set(std::optional<T>& into, std::optional<T> parsed) {
  into = std::move(parsed);
  return into.has_value();
}

/// Stores a whole number of at least `least`, and at most `most`.
template <class Number>
bool set_number(Number& into, std::string_view text, Number least, Number most) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), into);
  return error == std::errc{} && end == text.data() + text.size() && least <= into && into <= most;
}

}  // namespace osproxy::admin
