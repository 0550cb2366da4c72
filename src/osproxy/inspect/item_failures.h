// Counts the items of a response that failed, by OpenSearch's word for the error and by status.
//
//   ItemFailures failures;
//   failures.add("mapper_parsing_exception", 400);  // each failed item
//   failures.add("mapper_parsing_exception", 400);
//   const std::vector<ItemFailure> all = failures.take();  // one element, with count 2
//
// A response may hold anything: only text that looks like the type of an error is kept, and only
// kMaxKinds different ones. The rest is counted as "other".
//
// Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "osproxy/record/response_facts.h"

namespace osproxy {

/// True for the types that OpenSearch makes of its classes' names: lower-case letters, digits and
/// `_`, with "exception" or "error" at the end.
bool is_error_type(std::string_view type) noexcept;

class ItemFailures {
 public:
  /// A bulk mostly fails in one or two ways.
  static constexpr std::size_t kMaxKinds = 16;

  /// Longer than OpenSearch's longest.
  static constexpr std::size_t kMaxTypeBytes = 64;

  /// `type` is empty if the item states none; `status` is 0 then.
  void add(std::string_view type, int status) noexcept;

  /// The most frequent first; "other" without a status, for what is beyond kMaxKinds, last.
  std::vector<ItemFailure> take() noexcept;

 private:
  std::vector<ItemFailure> kinds_;
  std::uint64_t others_ = 0;
};

}  // namespace osproxy
