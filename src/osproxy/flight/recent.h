// Finds single requests among the flight recorder's samples.
//
//   std::vector<Record> records = newest_notable(recorder, now - 10min, {}, 20);
//   std::vector<Record> same = with_request_id(recorder, "0b5f1a3c9d2e4f60", 8);
//
// Each call reads all samples. May throw std::bad_alloc. Any thread may call the functions.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "osproxy/flight/flight_recorder.h"
#include "osproxy/observe/record_filter.h"

namespace osproxy {

/// The newest slow or failed requests that pass the filter, newest first.
std::vector<Record> newest_notable(const FlightRecorder& recorder, BootTime from,
                                   const RecordFilter& filter, std::size_t limit);

/// The newest samples with that id, newest first.
std::vector<Record> with_request_id(const FlightRecorder& recorder, std::string_view request_id,
                                    std::size_t limit);

}  // namespace osproxy
