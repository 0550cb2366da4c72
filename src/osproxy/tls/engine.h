// Encrypts and decrypts one TLS connection without a socket.
//
//   TlsEngine engine(context->accept());
//   std::string_view input = received;            // ciphertext; each call consumes its front
//   std::string output;                           // each call appends ciphertext to be sent
//   auto step = engine.handshake(input, output);  // again with more input, until it is Done
//   step = engine.read(input, room, output);      // step.size bytes of plaintext are in `room`
//   engine.write("HTTP/1.1 204 No Content\r\n\r\n", output);
//   engine.close(output);                         // close_notify
//
// The caller must send `output` after each call, in order, even if the call fails: it may be the
// alert that tells the peer the reason. An engine keeps at most the beginning of one received
// record, and otherwise no buffer memory.
//
// Belongs to one thread. After a failure all calls fail.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "osproxy/tls/context.h"
#include "osproxy/tls/failure.h"

namespace osproxy {

class TlsEngine {
 public:
  enum class Status : std::uint8_t {
    Done,        ///< the handshake is complete, or there are `size` bytes of plaintext
    NeedsInput,  ///< all of the input is consumed, and more is needed
    Ended,       ///< the peer has sent close_notify: nothing more will come
    Failed,      ///< fault() holds the reason
  };

  struct Step {
    Status status;
    std::size_t size = 0;
  };

  explicit TlsEngine(TlsSession session);
  TlsEngine(const TlsEngine&) = delete;
  TlsEngine& operator=(const TlsEngine&) = delete;

  Step handshake(std::string_view& input, std::string& output);

  /// Decrypts until `room` is full or the input is consumed. Done if there is some plaintext; if
  /// the connection ends or fails after that, the next call says so.
  Step read(std::string_view& input, std::span<char> room, std::string& output);

  /// Encrypts all of `plaintext`, in records of 16 KiB. False if it fails.
  bool write(std::string_view plaintext, std::string& output);

  /// Sends close_notify: nothing more will be written. Reading remains possible.
  void close(std::string& output);

  /// True if the next read() will return something without any input.
  bool has_more() const noexcept;

  const std::optional<TlsFault>& fault() const noexcept { return fault_; }
  bool is_established() const noexcept;
  bool is_resumed() const noexcept;
  TlsSide side() const noexcept;

  /// The principal in the peer's verified certificate; call it after the handshake.
  std::string principal() const;

 private:
  struct Wire {
    std::string_view* input = nullptr;
    std::string* output = nullptr;
  };
  struct Bio;

  Status status_of(int result);

  Wire wire_;  // OpenSSL reads from it and writes to it during a call
  TlsSession session_;
  std::optional<TlsFault> fault_;
};

}  // namespace osproxy
