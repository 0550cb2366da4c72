// Formats text for a terminal. Pure functions.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "osproxy/core/clock.h"
#include "osproxy/directive/decode.h"
#include "osproxy/store/fleet.h"

namespace osproxy::cli {

/// `text` with `?` in place of each hidden character (visible_text.h), and U+FFFD in place of each
/// byte that is not UTF-8. Ids and reasons come from the author of the document and must not
/// control the operator's terminal.
std::string printable(std::string_view text);

/// A name of a client's own, at most kMaxCell characters of it: its beginning and its end, with `…`
/// between them, so that one long name does not take the line of all others.
inline constexpr std::size_t kMaxCell = 48;
std::string shortened(std::string_view text);

/// The rows as columns, two spaces between them, each line ended by a newline. The first row is the
/// head. Every cell is made printable.
std::string format_table(const std::vector<std::vector<std::string>>& rows);

/// `in 9m12s`, or `over`; whole seconds.
std::string format_remaining(WallTime end, WallTime now);

/// `1.2s ago`, in tenths of a second.
std::string format_age(std::chrono::nanoseconds age);

/// `rejected: zero_ttl at directives[3].ttl_secs`.
std::string describe_rejection(const DecodeError& error);

/// `FLEET 11/12 synced, revision 4812`.
std::string describe_fleet(const Fleet& fleet);

/// `proxy-1 since 2030-01-01T00:00:00Z: over budget: 412 records/s, budget 200`; made printable.
std::string describe_thinned(const std::string& instance, const InstanceAck::Thinned& thinned);

/// `a, b, c`; made printable.
std::string join(const std::vector<std::string>& items);

}  // namespace osproxy::cli
