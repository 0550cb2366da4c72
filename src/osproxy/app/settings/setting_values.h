// What a setting's text may be, and where it goes: the values that several settings have in common.
// The error says what is right, without the setting's name; then nothing is stored.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <string>
#include <utility>

#include "osproxy/core/address.h"
#include "osproxy/http/forwarding.h"

namespace osproxy::app {

using Stored = std::expected<void, std::string>;

/// A whole number in a range.
Stored store_count(std::size_t& out, const std::string& text, std::size_t least, std::size_t most);

/// So many a second, at most a million.
Stored store_rate(std::uint32_t& out, const std::string& text, std::size_t least);

/// Greater than zero.
Stored store_duration(std::chrono::milliseconds& out, const std::string& text);

/// Also zero.
Stored store_duration_or_none(std::chrono::milliseconds& out, const std::string& text);

/// Of a head or a part of it, in bytes: 1 KiB to 1 MiB.
Stored store_size(std::size_t& out, const std::string& text);

/// off, add or replace.
Stored store_forwarding(http::ForwardingMode& out, const std::string& text);

Stored store_address(HostPort& out, const std::string& text);

/// Also empty.
Stored store_header_name(std::string& out, const std::string& text);

/// The target of a request, or nothing.
Stored store_target(std::string& out, const std::string& text);

/// Not empty.
Stored store_text(std::string& out, const std::string& text);

/// on or off.
Stored store_switch(bool& out, const std::string& text);

/// Of a file that is read later, and again whenever it is needed.
Stored store_path(std::string& out, const std::string& path);

/// Of a file that is appended to, and made if it is not there; - for standard output, or off.
Stored store_record_log(std::string& out, const std::string& path);

/// A parser's result, or its complaint.
template <class T>
Stored store_parsed(T& out, std::expected<T, std::string> parsed) {
  if (!parsed) return std::unexpected(std::move(parsed).error());
  out = *std::move(parsed);
  return {};
}

}  // namespace osproxy::app
