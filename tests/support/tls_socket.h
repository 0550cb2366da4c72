// A raw connection with TLS. Tests send and expect plaintext.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "osproxy/tls/engine.h"
#include "tests/support/raw_socket.h"

namespace osproxy {

class TlsSocket {
 public:
  TlsSocket(RawConnection connection, TlsSession session)
      : wire_(std::move(connection)), engine_(std::make_unique<TlsEngine>(std::move(session))) {}

  /// Returns false if the handshake failed, for which engine().fault() gives the reason, or if the
  /// other side has closed the connection.
  bool shake_hands();

  void send(std::string_view plaintext);

  /// Reads exactly `size` bytes; fewer if the stream or the connection ends before.
  std::string read(std::size_t size);

  void expect(std::string_view expected);

  /// Checks that the stream ends in order (close_notify), with nothing before the end.
  void expect_end();

  /// Checks that the stream ends without a close_notify; returns the bytes before the end.
  std::string read_to_cut();

  /// Ends the stream in order.
  void end();

  RawConnection& wire() noexcept { return wire_; }
  TlsEngine& engine() noexcept { return *engine_; }

 private:
  std::string read_record();
  TlsEngine::Status read_more();

  RawConnection wire_;
  std::unique_ptr<TlsEngine> engine_;
  std::string input_;     // ciphertext
  std::string received_;  // plaintext
};

}  // namespace osproxy
