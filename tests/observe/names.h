// Finding names in text output.
#pragma once

#include <cctype>
#include <string>
#include <string_view>
#include <vector>

namespace osproxy::test {

/// The words ([A-Za-z0-9_]+) right before each `mark`: JSON fields stand before `":`, labels before
/// `="`.
inline std::vector<std::string> names_before(std::string_view text, std::string_view mark) {
  const auto is_word = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
  };
  std::vector<std::string> names;
  for (std::size_t at = text.find(mark); at != text.npos; at = text.find(mark, at + 1)) {
    std::size_t first = at;
    while (first > 0 && is_word(text[first - 1])) --first;
    names.emplace_back(text.substr(first, at - first));
  }
  return names;
}

}  // namespace osproxy::test
