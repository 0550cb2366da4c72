// Prints the flight recorder's table for a person. Pure functions.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

#include "osproxy/flight/top_report.h"

namespace osproxy::cli {

/// The reports of several instances as one. `window` and `covered` are the longest of all: an
/// instance that has just started has nothing to say of the time before.
struct TopView {
  std::size_t instances = 0;
  std::chrono::seconds window{0};
  std::chrono::seconds last{0};
  std::chrono::seconds against{0};
  std::chrono::seconds covered{0};
  TopQuery query{};
  TopResult result{};
  std::vector<std::string> notes{};  ///< lines on instances that know less; printable
};

/// A line of totals, a table with a bar in each row, and a line about the rows that are left out.
/// Names are printable.
std::string top_text(const TopView& view);

/// `12345`, or `12345 ±210` if the number is an estimate.
std::string format_estimate(const Estimate& estimate);

/// `1.2GB`, with three digits at most.
std::string format_bytes(double bytes);

/// `1.91s`, `12ms`, `420us`, `2h10m`.
std::string format_micros(double microseconds);

}  // namespace osproxy::cli
