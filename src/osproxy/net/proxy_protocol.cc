#include "osproxy/net/proxy_protocol.h"

#include <algorithm>
#include <charconv>
#include <span>

namespace osproxy {
namespace {

using namespace std::string_view_literals;

constexpr std::string_view kText = "PROXY "sv;
constexpr std::string_view kBinary = "\r\n\r\n\0\r\nQUIT\n"sv;
constexpr std::size_t kShortestText = "PROXY UNKNOWN\r\n"sv.size();

// The fixed part of version 2:
//
// | 12: signature | 1: version, command | 1: family, transport | 2: length of the rest |
constexpr std::size_t kFixedBytes = 16;
constexpr std::size_t kCommandAt = 12;
constexpr std::size_t kFamilyAt = 13;
constexpr std::size_t kLengthAt = 14;

constexpr std::uint8_t kLocal = 0x20;  // with version 2
constexpr std::uint8_t kProxied = 0x21;
constexpr std::uint8_t kUnspecified = 0x00;
constexpr std::uint8_t kTcp4 = 0x11;
constexpr std::uint8_t kTcp6 = 0x21;
constexpr std::uint8_t kUnixStream = 0x31;

// Two addresses and two ports.
constexpr std::size_t kTcp4Bytes = 12;
constexpr std::size_t kTcp6Bytes = 36;

std::uint8_t byte_of(char c) noexcept { return static_cast<std::uint8_t>(c); }

/// The bytes of addresses that are read.
std::size_t address_bytes(std::uint8_t command, std::uint8_t family) noexcept {
  if (command == kLocal) return 0;
  return family == kTcp4 ? kTcp4Bytes : family == kTcp6 ? kTcp6Bytes : 0;
}

bool is_known(std::uint8_t command, std::uint8_t family) noexcept {
  if (command == kLocal) return true;  // whatever the family
  return command == kProxied &&
         (family == kUnspecified || family == kTcp4 || family == kTcp6 || family == kUnixStream);
}

bool is_port(std::string_view text) noexcept {
  constexpr unsigned kMost = 65'535;
  unsigned port = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, port);
  const bool is_padded = text.size() > 1 && text.front() == '0';
  return error == std::errc{} && rest == end && port <= kMost && !is_padded;
}

/// Cuts the text up to the next space off the front, and the space.
std::string_view take_word(std::string_view& line) noexcept {
  const std::string_view word = line.substr(0, line.find(' '));
  line.remove_prefix(std::min(word.size() + 1, line.size()));
  return word;
}

std::optional<IpAddress> address_in(std::string_view text, bool v6) {
  return text.contains(':') == v6 ? IpAddress::parse(text) : std::nullopt;
}

}  // namespace

std::size_t ProxyHeaderReader::wanted() const noexcept {
  if (state_ != State::Incomplete) return 0;
  if (needed_ > 0) return std::min(needed_ - size_ + skipped_, kMaxWanted);
  if (size_ < kShortestText) return kShortestText - size_;
  if (seen().starts_with(kBinary)) return kFixedBytes - size_;
  return header_[size_ - 1] == '\r' ? 1 : 2;  // a line end is still to come
}

void ProxyHeaderReader::take(std::string_view bytes) noexcept {
  while (!bytes.empty() && state_ == State::Incomplete) {
    if (skipped_ == 0 || size_ < needed_) {
      take_byte(bytes.front());
      bytes.remove_prefix(1);
      continue;
    }
    const std::size_t size = std::min(skipped_, bytes.size());
    skipped_ -= size;
    bytes.remove_prefix(size);
    if (skipped_ == 0) end_binary();
  }
}

void ProxyHeaderReader::take_byte(char byte) noexcept {
  header_[size_++] = byte;
  if (needed_ > 0) {
    if (size_ == needed_ && skipped_ == 0) end_binary();
    return;
  }
  const auto begins = [this](std::string_view signature) {
    const std::size_t size = std::min(size_, signature.size());
    return seen().substr(0, size) == signature.substr(0, size);
  };
  if (begins(kBinary)) {
    if (size_ == kFixedBytes) begin_binary();
    return;
  }
  const bool is_text = begins(kText);
  if (is_text && byte == '\n') {
    state_ = end_text() ? State::Complete : State::Bad;
  } else if (!is_text || size_ == kMaxTextBytes) {
    state_ = State::Bad;
  }
}

void ProxyHeaderReader::begin_binary() noexcept {
  const std::uint8_t command = byte_of(header_[kCommandAt]);
  const std::uint8_t family = byte_of(header_[kFamilyAt]);
  const std::size_t length =
      byte_of(header_[kLengthAt]) * std::size_t{256} + byte_of(header_[kLengthAt + 1]);
  const std::size_t addresses = address_bytes(command, family);
  if (!is_known(command, family) || length < addresses || length > kMaxBinaryBytes) {
    state_ = State::Bad;
    return;
  }
  needed_ = kFixedBytes + addresses;
  skipped_ = length - addresses;
  if (length == 0) end_binary();
}

void ProxyHeaderReader::end_binary() noexcept {
  const std::span<const char> addresses(header_.data() + kFixedBytes, needed_ - kFixedBytes);
  if (addresses.size() == kTcp4Bytes) {
    std::array<std::uint8_t, 4> v4{};
    std::transform(addresses.begin(), addresses.begin() + 4, v4.begin(), byte_of);
    client_ = IpAddress::of_v4(v4);
  } else if (addresses.size() == kTcp6Bytes) {
    client_.emplace();
    std::transform(addresses.begin(), addresses.begin() + 16, client_->bytes.begin(), byte_of);
  }
  state_ = State::Complete;
}

/// Reads `PROXY TCP4 192.0.2.7 192.0.2.1 4711 9200`, or with TCP6. False if it is malformed.
bool ProxyHeaderReader::end_text() noexcept {
  std::string_view line = seen();
  if (!line.ends_with("\r\n")) return false;
  line.remove_suffix(2);
  line.remove_prefix(kText.size());
  if (line == "UNKNOWN" || line.starts_with("UNKNOWN ")) return true;  // the rest is not read
  if (std::ranges::count(line, ' ') != 4 || line.ends_with(' ')) return false;
  const std::string_view family = take_word(line);
  if (family != "TCP4" && family != "TCP6") return false;
  const bool v6 = family == "TCP6";
  client_ = address_in(take_word(line), v6);
  const auto own = address_in(take_word(line), v6);
  const std::string_view from = take_word(line);
  return client_ && own && is_port(from) && is_port(line);
}

}  // namespace osproxy
