#include "osproxy/flight/top.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <functional>
#include <utility>

#include "osproxy/core/encoding.h"
#include "osproxy/flight/failed_request.h"

namespace osproxy {
namespace {

struct DimensionName {
  TopDimension dimension;
  std::string_view name;
};

constexpr std::array kDimensions = {
    DimensionName{TopDimension::Tenant, "tenant"},
    DimensionName{TopDimension::Index, "index"},
    DimensionName{TopDimension::Principal, "principal"},
    DimensionName{TopDimension::Client, "client"},
    DimensionName{TopDimension::Agent, "agent"},
    DimensionName{TopDimension::OpaqueId, "opaque_id"},
    DimensionName{TopDimension::Endpoint, "endpoint"},
    DimensionName{TopDimension::Shape, "shape"},
    DimensionName{TopDimension::Node, "node"},
    DimensionName{TopDimension::Status, "status"},
    DimensionName{TopDimension::Error, "error"},
};

struct SortName {
  TopSort sort;
  std::string_view name;
};

constexpr std::array kSorts = {
    SortName{TopSort::Requests, "requests"}, SortName{TopSort::Time, "time"},
    SortName{TopSort::Bytes, "bytes"},       SortName{TopSort::Errors, "errors"},
    SortName{TopSort::P99, "p99"},
};

template <class Names>
std::string names_of(const Names& all) {
  std::string names;
  for (const auto& one : all) names.append(names.empty() ? "" : ", ").append(one.name);
  return names;
}

/// osproxy's error, or the one that most of a bulk's failed items have.
std::string error_of(const Record& record) {
  if (!record.error.empty() || !record.response || !record.response->failures_by_error) {
    return record.error;
  }
  const auto& failures = *record.response->failures_by_error;
  const auto most = std::ranges::max_element(failures, {}, &ItemFailure::count);
  return most == failures.end() ? "" : most->type;
}

std::string name_in(const Record& record, TopDimension dimension) {
  switch (dimension) {
    case TopDimension::Tenant:
      return record.tenant;
    case TopDimension::Index:
      return record.index;
    case TopDimension::Principal:
      return record.principal;
    case TopDimension::Client:
      return record.client;
    case TopDimension::Agent:
      return record.agent;
    case TopDimension::OpaqueId:
      return record.opaque_id;
    case TopDimension::Endpoint:
      return std::string(to_string(record.endpoint));
    case TopDimension::Shape:
      return record.shape ? to_hex16(*record.shape) : "";
    case TopDimension::Node:
      return record.upstream;
    case TopDimension::Status:
      return record.status == 0 ? "" : std::to_string(record.status);
    case TopDimension::Error:
      return error_of(record);
  }
  return {};
}

}  // namespace

std::string_view to_string(TopDimension dimension) noexcept {
  const auto* const found = std::ranges::find(kDimensions, dimension, &DimensionName::dimension);
  return found == kDimensions.end() ? "" : found->name;
}

std::optional<TopDimension> parse_top_dimension(std::string_view text) noexcept {
  // As the flag --opaque-id has it.
  const std::string_view name = text == "opaque-id" ? "opaque_id" : text;
  const auto* const found = std::ranges::find(kDimensions, name, &DimensionName::name);
  return found == kDimensions.end() ? std::nullopt : std::optional(found->dimension);
}

std::string top_dimension_names() { return names_of(kDimensions); }

std::string_view to_string(TopSort sort) noexcept {
  const auto* const found = std::ranges::find(kSorts, sort, &SortName::sort);
  return found == kSorts.end() ? "" : found->name;
}

std::optional<TopSort> parse_top_sort(std::string_view text) noexcept {
  const auto* const found = std::ranges::find(kSorts, text, &SortName::name);
  return found == kSorts.end() ? std::nullopt : std::optional(found->sort);
}

std::string top_sort_names() { return names_of(kSorts); }

void TopSums::add(double weight, const Record& record) {
  add_sums(weight, record);
  latency.add(weight, record.latency);
}

void TopSums::add_sums(double weight, const Record& record) noexcept {
  requests.add(weight, 1);
  time_us.add(weight, static_cast<double>(record.latency.count()) / 1e3);
  bytes.add(weight, static_cast<double>(record.request_bytes + record.response_bytes));
  errors.add(weight, is_failed(record) ? 1 : 0);
}

void TopSums::add(const TopSums& other) {
  requests.add(other.requests);
  time_us.add(other.time_us);
  bytes.add(other.bytes);
  errors.add(other.errors);
  latency.add(other.latency);
}

void TopTable::see(const Sample& sample, TopPeriod period) noexcept {
  TopSums one;  // without a latency it allocates nothing
  one.add_sums(weight_of(sample), sample.record);
  // Of requests by shape, failed ones are kept no better than others.
  if (is_by_shape()) one.errors.may_miss(one.requests.largest());
  Largest& seen = period == TopPeriod::Now ? now_ : before_;
  seen = larger(seen, one);
}

void TopTable::add(const Sample& sample, TopPeriod period) {
  const double weight = weight_of(sample);
  if (weight == 0) return;
  std::vector<std::string> key;
  key.reserve(query_.by.size());
  for (const TopDimension dimension : query_.by) key.push_back(name_in(sample.record, dimension));
  TopRow& row = rows_[std::move(key)];
  (period == TopPeriod::Now ? row.now : row.before).add(weight, sample.record);
}

void TopTable::add(const TopResult& other) {
  for (const TopRow& row : other.rows) {
    if (row.key.size() != query_.by.size()) continue;
    TopRow& own = rows_[row.key];
    own.now.add(row.now);
    own.before.add(row.before);
  }
  others_.now.add(other.others.now);
  others_.before.add(other.others.before);
  others_count_ += other.others_count;
  // Its total says what a row that it does not have could have had there.
  now_ = larger(now_, other.total.now);
  before_ = larger(before_, other.total.before);
}

TopResult TopTable::top(std::size_t limit) const {
  TopResult result{.rows = {}, .others = others_, .others_count = others_count_, .total = others_};
  for (const auto& [key, row] : rows_) {
    result.total.now.add(row.now);
    result.total.before.add(row.before);
  }
  struct Ranked {
    double order;
    const std::pair<const std::vector<std::string>, TopRow>* entry;
  };
  std::vector<Ranked> ranked;
  ranked.reserve(rows_.size());
  for (const auto& entry : rows_) {
    ranked.push_back({.order = order_of(entry.second, result.total), .entry = &entry});
  }
  // Rows of the same order stay in that of their names.
  std::ranges::stable_sort(ranked, std::ranges::greater(), &Ranked::order);
  for (const Ranked& one : ranked) {
    const auto& [key, row] = *one.entry;
    if (result.rows.size() < limit) {
      result.rows.push_back({.key = key, .now = row.now, .before = row.before});
    } else {
      result.others.now.add(row.now);
      result.others.before.add(row.before);
      ++result.others_count;
    }
  }
  bound_errors(result);
  return result;
}

TopTable::Largest TopTable::larger(const Largest& seen, const TopSums& sums) noexcept {
  return {.requests = std::max(seen.requests, sums.requests.largest()),
          .time_us = std::max(seen.time_us, sums.time_us.largest()),
          .bytes = std::max(seen.bytes, sums.bytes.largest()),
          .errors = std::max(seen.errors, sums.errors.largest())};
}

void TopTable::may_miss(TopSums& sums, const Largest& seen) noexcept {
  sums.requests.may_miss(seen.requests);
  sums.time_us.may_miss(seen.time_us);
  sums.bytes.may_miss(seen.bytes);
  sums.errors.may_miss(seen.errors);
}

/// A row may have had requests that no kept sample stands for.
void TopTable::bound_errors(TopResult& result) const noexcept {
  // Failed requests are exact in seconds in which only others were thinned out.
  const auto of_failed = [](const Largest& seen) {
    return seen.errors == 0 ? Largest{}
                            : Largest{.requests = seen.errors,
                                      .time_us = seen.time_us,
                                      .bytes = seen.bytes,
                                      .errors = seen.errors};
  };
  for (TopRow& row : result.rows) {
    const bool is_failed = has_failed_only(row.key);
    may_miss(row.now, is_failed ? of_failed(now_) : now_);
    may_miss(row.before, is_failed ? of_failed(before_) : before_);
  }
  if (result.others_count > 0) {
    may_miss(result.others.now, now_);
    may_miss(result.others.before, before_);
  }
  may_miss(result.total.now, now_);
  may_miss(result.total.before, before_);
}

/// True if no request that did not fail can be in the row, by the names that it sums by.
bool TopTable::has_failed_only(const std::vector<std::string>& key) const noexcept {
  for (std::size_t i = 0; i < key.size(); ++i) {
    if (query_.by[i] == TopDimension::Error && !key[i].empty()) return true;
    if (query_.by[i] != TopDimension::Status) continue;
    int status = 0;
    std::from_chars(key[i].data(), key[i].data() + key[i].size(), status);
    if (is_failed_status(status)) return true;
  }
  return false;
}

bool TopTable::is_by_shape() const noexcept {
  return std::ranges::find(query_.by, TopDimension::Shape) != query_.by.end();
}

/// The shape is known of those only whose body was read.
double TopTable::weight_of(const Sample& sample) const noexcept {
  return is_by_shape() ? sample.weight.chosen_weight : sample.weight.weight;
}

double TopTable::order_of(const TopRow& row, const TopRow& total) const noexcept {
  if (!query_.compares) return value_of(row.now, query_.sort);
  return std::abs(share_of(row.now, total.now, query_.sort) -
                  share_of(row.before, total.before, query_.sort));
}

double value_of(const TopSums& sums, TopSort sort) noexcept {
  switch (sort) {
    case TopSort::Requests:
      return sums.requests.value();
    case TopSort::Time:
      return sums.time_us.value();
    case TopSort::Bytes:
      return sums.bytes.value();
    case TopSort::Errors:
      return sums.errors.value();
    case TopSort::P99:
      return static_cast<double>(sums.latency.quantile(0.99).count());
  }
  return 0;
}

/// A quantile is no part of a whole: by p99, shares are those of the summed time.
double share_of(const TopSums& row, const TopSums& total, TopSort sort) noexcept {
  const TopSort summed = sort == TopSort::P99 ? TopSort::Time : sort;
  const double all = value_of(total, summed);
  return all > 0 ? value_of(row, summed) / all : 0;
}

}  // namespace osproxy
