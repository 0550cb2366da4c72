// Loopback sockets for tests that name every byte that is sent and every byte that must arrive.
//
// Every call that waits gives up after kPatience and fails the test, so that a stuck proxy fails
// the test instead of blocking it.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "osproxy/core/address.h"

namespace osproxy {

inline constexpr std::chrono::seconds kPatience{20};

/// Each "\n" becomes "\r\n", so that heads can be read in a test; a "\r\n" stays.
std::string crlf(std::string_view text);

/// A node without TLS on this machine.
Origin loopback_node(std::uint16_t port);

/// A file descriptor that is closed at the end. Move-only.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() { close(); }
  Descriptor(Descriptor&& other) noexcept;
  Descriptor& operator=(Descriptor&& other) noexcept;

  int get() const noexcept { return fd_; }
  void close() noexcept;

 private:
  int fd_ = -1;
};

/// One end of a TCP connection.
class RawConnection {
 public:
  RawConnection() = default;
  explicit RawConnection(Descriptor socket);

  /// A client at 127.0.0.1, or at another address of this machine's: 127.0.0.`host`.
  static RawConnection connect(std::uint16_t port, unsigned host = 1);

  void send(std::string_view bytes);

  /// Sends until the other side has accepted nothing for a while; returns the number of bytes that
  /// it accepted.
  std::size_t send_until_full(std::string_view bytes, std::size_t limit);

  /// Reads exactly `size` bytes; fewer if the connection ends before.
  std::string read(std::size_t size);

  /// Reads as many bytes as `expected` has, and compares.
  void expect(std::string_view expected);

  /// Reads a head up to and including its empty line.
  std::string read_head();

  /// Reads to the end of the stream.
  std::string read_to_end();

  /// Checks that the other side sends nothing more and ends the stream in order.
  void expect_end();

  /// Checks that the connection is reset, so that no message received before looks complete.
  void expect_reset();

  void shutdown_write();
  void close() { socket_.close(); }
  void reset();  ///< closes with a RST

 private:
  enum class Ending : std::uint8_t { None, End, Reset };

  /// Reads once, after waiting; sets `ending` if there is no more.
  std::string read_some(std::size_t limit, Ending& ending);

  Descriptor socket_;
};

/// A listening socket on a free port.
class RawListener {
 public:
  /// Listens on any free port, or on this one.
  explicit RawListener(std::uint16_t port = 0);

  std::uint16_t port() const noexcept { return port_; }
  RawConnection accept();

  /// True if no connection waits to be accepted.
  bool nobody_waits() const;

  /// From now on connections are refused.
  void close() { socket_.close(); }

 private:
  Descriptor socket_;
  std::uint16_t port_ = 0;
};

}  // namespace osproxy
