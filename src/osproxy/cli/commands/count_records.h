// Counts the records of directives before they are taken off, because an instance's status no
// longer lists them afterwards.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "osproxy/cli/connection/connection.h"
#include "osproxy/cli/run/environment.h"

namespace osproxy::cli {

struct RecordCount {
  std::uint64_t recorded = 0;
  std::size_t asked = 0;    ///< instances that have said it
  std::size_t missing = 0;  ///< instances that have not
  std::string why{};        ///< of the first missing one, or of all; empty: none is missing
};

/// Asks the instance of --admin, or with etcd those of the fleet, for the records of the directives
/// `ids`, or of all if it is empty. Waits for a third of a second at each step: who takes something
/// off is in a hurry.
RecordCount count_records(const std::vector<std::string>& ids, const ConnectionFlags& connection,
                          const Environment& environment);

/// Prints `5112 requests were recorded`, and of how many instances that is not known; or on
/// standard error why it is of none.
void print_count(const RecordCount& count, const Environment& environment);

}  // namespace osproxy::cli
