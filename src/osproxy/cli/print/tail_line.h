// What `osproxyctl tail` prints of a record: one line for a person.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "osproxy/core/clock.h"

namespace osproxy::cli {

/// `14:22:31 proxy-04 4bf92f35… Search orders 200 1.91s upstream=1.88s pool=miss`, the id in full;
/// `-` for what the record does not say. nullopt if `record` is not an explain document.
std::optional<std::string> tail_line(std::string_view instance, std::string_view record);

/// The field `instance` of the event that begins a tail, `count` of one that tells of records
/// that are missing, and `expires_at` of one about the directive; empty and 0 if they are not
/// there.
std::string instance_of_event(std::string_view data);
std::uint64_t count_of_event(std::string_view data);
std::optional<WallTime> end_of_event(std::string_view data);

}  // namespace osproxy::cli
