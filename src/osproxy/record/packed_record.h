// Packs a record into one row of bytes, which takes a quarter of the memory of its strings and
// vectors, and one allocation.
//
//   std::vector<std::byte> bytes(packed_size(record));
//   pack(record, bytes);
//   Record same = unpack(bytes);
//
// The bytes are valid in this process only: a std::string_view in a record points to a constant of
// the program, and is packed as that pointer. They are no file format, and unpack() trusts them.
//
// Thread safety: pure functions.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "osproxy/record/record.h"

namespace osproxy {

/// The number of bytes that pack() writes.
std::size_t packed_size(const Record& record) noexcept;

/// Requires `to.size() == packed_size(record)`.
void pack(const Record& record, std::span<std::byte> to) noexcept;

/// The id of a packed record, in its bytes. Requires bytes that pack() wrote.
std::string_view packed_request_id(std::span<const std::byte> from) noexcept;

/// Requires bytes that pack() wrote. May throw std::bad_alloc.
Record unpack(std::span<const std::byte> from);

}  // namespace osproxy
