// Finds who and what makes the traffic of the last minutes, by sums over the flight recorder's
// samples, by tenant, client, index and other names of a request.
//
//   TopTable table({.by = {TopDimension::Tenant}, .sort = TopSort::Time});
//   recorder.visit(from, [&](const Sample& sample) {
//     table.see(sample, TopPeriod::Now);
//     if (filter.matches(sample.record)) table.add(sample, TopPeriod::Now);
//   });
//   table.add(table_of_another_instance);
//   for (const TopRow& row : table.top(10).rows) print(row);
//
// Sums are estimates with an error (estimate.h). A sample that the filter holds back tells how many
// requests one of another name could have stood for, and yet not have been kept: see() takes it. So
// no row claims to be exact beside seconds that were thinned out. By shape, only requests that were
// chosen at their start count, since the bodies of others are not read; the rows of others are then
// under "".
//
// A table has a row for each combination of names in its samples, and so takes a small multiple of
// their memory. Not thread-safe.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "osproxy/flight/estimate.h"
#include "osproxy/flight/flight_recorder.h"
#include "osproxy/flight/latency_histogram.h"

namespace osproxy {

/// A name of a request to sum by.
enum class TopDimension : std::uint8_t {
  Tenant,
  Index,
  Principal,
  Client,
  Agent,
  OpaqueId,
  Endpoint,
  Shape,
  Node,
  Status,
  Error,
};

std::string_view to_string(TopDimension dimension) noexcept;
std::optional<TopDimension> parse_top_dimension(std::string_view text) noexcept;
/// "tenant, index, …": for help and errors.
std::string top_dimension_names();

/// The sum that orders the rows, largest first.
enum class TopSort : std::uint8_t { Requests, Time, Bytes, Errors, P99 };

std::string_view to_string(TopSort sort) noexcept;
std::optional<TopSort> parse_top_sort(std::string_view text) noexcept;
std::string top_sort_names();

/// The time that is asked for, and one before it to compare with.
enum class TopPeriod : std::uint8_t { Now, Before };

/// Sums over a group of requests in one period. A regular value.
struct TopSums {
  Estimate requests;
  Estimate time_us;  ///< of all requests together
  Estimate bytes;    ///< of bodies, both ways
  Estimate errors;   ///< failed requests (failed_request.h)
  LatencyHistogram latency;

  void add(double weight, const Record& record);
  void add_sums(double weight, const Record& record) noexcept;  ///< all but the latency
  void add(const TopSums& other);

  friend bool operator==(const TopSums&, const TopSums&) = default;
};

struct TopRow {
  std::vector<std::string> key;  ///< a name for each dimension; empty: the request has none
  TopSums now;
  TopSums before;

  friend bool operator==(const TopRow&, const TopRow&) = default;
};

struct TopQuery {
  std::vector<TopDimension> by{TopDimension::Tenant};  ///< at least one
  TopSort sort = TopSort::Time;
  bool compares = false;  ///< order by the change of the share, not by the sum

  friend bool operator==(const TopQuery&, const TopQuery&) = default;
};

/// The first rows, and the sums over the rest. A regular value.
struct TopResult {
  std::vector<TopRow> rows;
  TopRow others;  ///< of the rows that are left out; its key is empty
  std::size_t others_count = 0;
  TopRow total;  ///< likewise without a key

  friend bool operator==(const TopResult&, const TopResult&) = default;
};

class TopTable {
 public:
  explicit TopTable(TopQuery query) : query_(std::move(query)) {}

  /// A sample whose request ended as those that are asked for, whatever its names.
  void see(const Sample& sample, TopPeriod period) noexcept;
  /// A sample that is asked for. see() comes first.
  void add(const Sample& sample, TopPeriod period);
  /// Adds the rows of another instance, which were made by the same query.
  void add(const TopResult& other);

  TopResult top(std::size_t limit) const;

 private:
  /// The most that one sample contributes to each sum, if it stands for others.
  struct Largest {
    double requests = 0;
    double time_us = 0;
    double bytes = 0;
    double errors = 0;
  };

  static Largest larger(const Largest& seen, const TopSums& sums) noexcept;
  static void may_miss(TopSums& sums, const Largest& seen) noexcept;
  bool is_by_shape() const noexcept;
  double weight_of(const Sample& sample) const noexcept;
  bool has_failed_only(const std::vector<std::string>& key) const noexcept;
  void bound_errors(TopResult& result) const noexcept;
  double order_of(const TopRow& row, const TopRow& total) const noexcept;

  const TopQuery query_;
  std::map<std::vector<std::string>, TopRow> rows_;
  Largest now_;
  Largest before_;
  TopRow others_;  // that other instances left out
  std::size_t others_count_ = 0;
};

/// The value that TopSort orders by.
double value_of(const TopSums& sums, TopSort sort) noexcept;

/// The part of `row` in `total`, from 0 to 1; 0 if there is nothing.
double share_of(const TopSums& row, const TopSums& total, TopSort sort) noexcept;

}  // namespace osproxy
