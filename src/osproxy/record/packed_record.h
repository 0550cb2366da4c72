// A record as a row of bytes: a quarter of what its strings and vectors take, in one place.
//
//   std::vector<std::byte> bytes(packed_size(record));
//   pack(record, bytes);
//   Record same = unpack(bytes);
//
// For this process alone: the names in it that are constants of ours stay pointers. So the bytes
// are no format, and nothing outside could have made them: unpack() trusts them.
//
// Thread safety: pure functions.
#pragma once

#include <cstddef>
#include <span>

#include "osproxy/record/record.h"

namespace osproxy {

/// In bytes.
std::size_t packed_size(const Record& record) noexcept;

/// `to` has packed_size(record) bytes.
void pack(const Record& record, std::span<std::byte> to) noexcept;

/// `from` is what pack() wrote. May throw std::bad_alloc.
Record unpack(std::span<const std::byte> from);

}  // namespace osproxy
