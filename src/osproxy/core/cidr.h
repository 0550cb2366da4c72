// Blocks of IP addresses: `10.0.0.0/8`, `2001:db8::/32`, `192.0.2.7`.
//
//   const std::vector<std::string> given{"10.0.0.0/8", "::1"};
//   const auto blocks = parse_cidrs(given);
//   if (!blocks) fail(blocks.error());
//   if (contains(*blocks, IpAddress::of_v4({10, 1, 2, 3}))) trust();
//   show(to_string(blocks->front()));    // "10.0.0.0/8"
//
// An IPv4 address and its IPv4-mapped IPv6 form (::ffff:192.0.2.7) are the same address, because a
// socket of either family may give it.
//
// Regular values and pure functions; allocate only where a vector, a text or an error is made.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace osproxy {

/// An IPv6 address; an IPv4 address in its mapped form.
struct IpAddress {
  std::array<std::uint8_t, 16> bytes{};

  static IpAddress of_v4(const std::array<std::uint8_t, 4>& bytes) noexcept;
  /// Reads `192.0.2.7` or `2001:db8::7`, without brackets or a zone.
  static std::optional<IpAddress> parse(std::string_view text);

  bool is_v4() const noexcept;

  /// The canonical text (RFC 5952): `192.0.2.7` also of the mapped form, `2001:db8::7`.
  std::string to_string() const;

  /// The address with all bits after the first `bits` cleared.
  IpAddress prefix(unsigned bits) const noexcept;

  friend bool operator==(const IpAddress&, const IpAddress&) = default;
};

struct Cidr {
  IpAddress first;    ///< the bits after the prefix are zero
  unsigned bits = 0;  ///< of the prefix, counted in the IPv6 form: 96 more for IPv4

  bool contains(const IpAddress& address) const noexcept { return address.prefix(bits) == first; }

  friend bool operator==(const Cidr&, const Cidr&) = default;
};

/// The canonical text: `10.0.0.0/8`; an address alone if the block has only that one.
std::string to_string(const Cidr& block);

/// Reads `address/bits`, or an address alone. Bits that are set after the prefix are an error,
/// because another block may be meant. The prefix of an address in the mapped form is counted as it
/// is written, in the IPv6 form. The error is a clause for a person.
std::expected<Cidr, std::string> parse_cidr(std::string_view text);

std::expected<std::vector<Cidr>, std::string> parse_cidrs(std::span<const std::string> texts);

bool contains(std::span<const Cidr> blocks, const IpAddress& address) noexcept;

}  // namespace osproxy
