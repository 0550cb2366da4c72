#include "osproxy/core/cidr.h"

#include <algorithm>
#include <charconv>

#include <arpa/inet.h>

namespace osproxy {
namespace {

constexpr unsigned kBits = 128;
constexpr unsigned kMappedBits = 96;  // of ::ffff:0:0/96, before an IPv4 address

constexpr std::array<std::uint8_t, 12> kMapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

}  // namespace

IpAddress IpAddress::of_v4(const std::array<std::uint8_t, 4>& bytes) noexcept {
  IpAddress address;
  std::ranges::copy(bytes, std::ranges::copy(kMapped, address.bytes.begin()).out);
  return address;
}

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
  // inet_pton() stops at the first zero byte.
  std::array<char, INET6_ADDRSTRLEN> terminated{};
  if (text.size() >= terminated.size() || text.contains('\0')) return std::nullopt;
  std::ranges::copy(text, terminated.begin());
  std::array<std::uint8_t, 4> v4{};
  if (::inet_pton(AF_INET, terminated.data(), v4.data()) == 1) return of_v4(v4);
  IpAddress v6;
  if (::inet_pton(AF_INET6, terminated.data(), v6.bytes.data()) == 1) return v6;
  return std::nullopt;
}

bool IpAddress::is_v4() const noexcept {
  return std::equal(kMapped.begin(), kMapped.end(), bytes.begin());
}

std::string IpAddress::to_string() const {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const bool v4 = is_v4();
  ::inet_ntop(v4 ? AF_INET : AF_INET6, bytes.data() + (v4 ? kMapped.size() : 0), text.data(),
              text.size());
  return text.data();
}

IpAddress IpAddress::prefix(unsigned bits) const noexcept {
  IpAddress cut = *this;
  for (std::size_t i = 0; i < cut.bytes.size(); ++i) {
    const unsigned before = static_cast<unsigned>(i) * 8;
    const unsigned kept = bits <= before ? 0 : std::min(bits - before, 8U);
    cut.bytes[i] &= static_cast<std::uint8_t>(0xff00U >> kept);
  }
  return cut;
}

std::string to_string(const Cidr& block) {
  std::string text = block.first.to_string();
  if (block.bits == kBits) return text;
  const unsigned offset = block.first.is_v4() ? kMappedBits : 0;
  return text.append("/").append(std::to_string(block.bits - offset));
}

std::expected<Cidr, std::string> parse_cidr(std::string_view text) {
  const std::size_t slash = text.find('/');
  const auto address = IpAddress::parse(text.substr(0, slash));
  if (!address) return std::unexpected("it must be an IP address or a block such as 10.0.0.0/8");
  const unsigned offset = text.contains(':') ? 0 : kMappedBits;
  unsigned bits = kBits - offset;
  if (slash != std::string_view::npos) {
    const std::string_view digits = text.substr(slash + 1);
    const char* const end = digits.data() + digits.size();
    const unsigned most = bits;
    const auto [rest, error] = std::from_chars(digits.data(), end, bits);
    const bool is_padded = digits.size() > 1 && digits.front() == '0';
    if (digits.empty() || is_padded || error != std::errc{} || rest != end || bits > most) {
      return std::unexpected("the prefix length must be a number from 0 to " +
                             std::to_string(most));
    }
  }
  const Cidr block{.first = address->prefix(bits + offset), .bits = bits + offset};
  if (block.first != *address) {
    return std::unexpected("host bits set: the address has bits that are not part of its prefix");
  }
  return block;
}

std::expected<std::vector<Cidr>, std::string> parse_cidrs(std::span<const std::string> texts) {
  std::vector<Cidr> blocks;
  for (const std::string& text : texts) {
    const auto block = parse_cidr(text);
    if (!block) return std::unexpected(block.error());
    blocks.push_back(*block);
  }
  return blocks;
}

bool contains(std::span<const Cidr> blocks, const IpAddress& address) noexcept {
  return std::ranges::any_of(blocks, [&](const Cidr& block) { return block.contains(address); });
}

}  // namespace osproxy
