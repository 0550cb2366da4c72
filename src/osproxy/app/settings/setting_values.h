// Validates and stores the text of a setting: the kinds of values that several settings share.
//
// An error says in a clause what is right, without the setting's name; then nothing is stored.
//
// Functions without state; any thread may call them.
#pragma once

#include <chrono>
#include <cstddef>
#include <expected>
#include <string>

#include "osproxy/core/address.h"

namespace osproxy::app {

using Stored = std::expected<void, std::string>;

/// A whole number in a range.
Stored store_count(std::size_t& out, const std::string& text, std::size_t least, std::size_t most);

/// Greater than zero.
Stored store_duration(std::chrono::milliseconds& out, const std::string& text);

/// Zero or more.
Stored store_duration_or_none(std::chrono::milliseconds& out, const std::string& text);

Stored store_address(HostPort& out, const std::string& text);

/// A header's name, or empty.
Stored store_header_name(std::string& out, const std::string& text);

/// The target of a request, or empty.
Stored store_target(std::string& out, const std::string& text);

/// Not empty.
Stored store_text(std::string& out, const std::string& text);

/// on or off.
Stored store_switch(bool& out, const std::string& text);

/// The path of a file that can be read.
Stored store_path(std::string& out, const std::string& path);

/// The path of a file to append to, created if it is missing; - for standard output; or off, which
/// is stored as an empty path.
Stored store_record_log(std::string& out, const std::string& path);

}  // namespace osproxy::app
