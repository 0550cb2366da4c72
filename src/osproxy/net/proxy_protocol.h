// Reads the header of the PROXY protocol, version 1 (text) and 2 (binary): the first bytes of a
// connection from a balancer, which name the client that the balancer serves.
//
//   ProxyHeaderReader reader;
//   while (reader.state() == ProxyHeaderReader::State::Incomplete) {
//     reader.take(receive(reader.wanted()));    // at most so many bytes
//   }
//   if (reader.state() == ProxyHeaderReader::State::Bad) return close();
//   serve(reader.client().value_or(peer));
//
// wanted() never exceeds the bytes that certainly belong to the header, so that no byte of the
// request or of the TLS handshake is taken with it. A version 2 header takes two or three reads, a
// version 1 header some more.
//
// Strict: anything but a well-formed header of a TCP connection is Bad. The extensions (TLVs) of
// version 2 are skipped unread, and so is its checksum.
//
// Pure, and allocates nothing.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "osproxy/core/cidr.h"

namespace osproxy {

class ProxyHeaderReader {
 public:
  enum class State : std::uint8_t { Incomplete, Complete, Bad };

  /// The longest header of version 1, with its line end.
  static constexpr std::size_t kMaxTextBytes = 107;
  /// Addresses and extensions of version 2. HAProxy, whose protocol it is, sends no more: its
  /// buffers have this size by default.
  static constexpr std::size_t kMaxBinaryBytes = 16'384;
  /// The most that wanted() asks for at a time.
  static constexpr std::size_t kMaxWanted = 512;

  State state() const noexcept { return state_; }

  /// How many bytes to read next, at most; 0 unless the state is Incomplete.
  std::size_t wanted() const noexcept;

  /// Takes bytes that were read, at most wanted().
  void take(std::string_view bytes) noexcept;

  /// The client, once the state is Complete; nullopt if it is the connection's own peer: the
  /// balancer itself (LOCAL), or a client that is not on IP (UNKNOWN).
  const std::optional<IpAddress>& client() const noexcept { return client_; }

 private:
  void take_byte(char byte) noexcept;
  void begin_binary() noexcept;
  void end_binary() noexcept;
  bool end_text() noexcept;
  std::string_view seen() const noexcept { return {header_.data(), size_}; }

  State state_ = State::Incomplete;
  std::optional<IpAddress> client_;
  std::array<char, kMaxTextBytes> header_{};  // without the extensions
  std::size_t size_ = 0;                      // of header_
  std::size_t needed_ = 0;                    // of header_, once the version is known to be 2
  std::size_t skipped_ = 0;                   // bytes of extensions that are still to come
};

}  // namespace osproxy
