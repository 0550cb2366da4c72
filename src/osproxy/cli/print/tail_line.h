// Prints a record as `osproxyctl tail` shows it: one line for a person.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "osproxy/core/clock.h"

namespace osproxy::cli {

/// `14:22:31 proxy-04 4bf92f35… Search orders 200 1.91s upstream=1.88s pool=miss`, with the whole
/// id and `-` for a missing field. nullopt if `record` is not an explain document.
std::optional<std::string> tail_line(std::string_view instance, std::string_view record);

/// Fields of the events of a tail: `instance` of the first one, `count` of one about missing
/// records, `expires_at` of one about the directive, `reason` of the end. Empty, 0 or nullopt if
/// the field is missing.
std::string instance_of_event(std::string_view data);
std::string reason_of_event(std::string_view data);
std::uint64_t count_of_event(std::string_view data);
std::optional<WallTime> end_of_event(std::string_view data);

}  // namespace osproxy::cli
