// One TLS connection without a socket: ciphertext in, plaintext out, and the other way round.
//
//   TlsEngine engine(context->accept());
//   std::string_view input = received;                     // ciphertext; its front is consumed
//   std::string output;                                    // ciphertext to be sent, appended to
//   auto step = engine.handshake(input, output);           // until it is Done
//   step = engine.read(input, room, output);               // step.size bytes of plaintext
//   engine.write("HTTP/1.1 200 OK…", output);
//   engine.close(output);                                  // close_notify
//
// Whatever a call appended to `output` is to be sent, in this order, also if the call failed: it
// may be the alert that tells the other side why. An engine keeps no ciphertext but the beginning
// of a record, and no memory for it while there is none.
//
// Belongs to one thread. A failure is for good.
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
    Done,        ///< the handshake is over; or there are `size` bytes of plaintext
    NeedsInput,  ///< all of the input is consumed, and more is needed
    Ended,       ///< the other side said that nothing more will come (close_notify)
    Failed,      ///< fault() says of what
  };

  struct Step {
    Status status;
    std::size_t size = 0;
  };

  explicit TlsEngine(TlsSession session);
  TlsEngine(const TlsEngine&) = delete;
  TlsEngine& operator=(const TlsEngine&) = delete;

  Step handshake(std::string_view& input, std::string& output);

  /// Decrypts until `room` is full or the input is consumed. With some plaintext it is Done; an end
  /// or a failure behind that comes with the next call.
  Step read(std::string_view& input, std::span<char> room, std::string& output);

  /// Encrypts all of `plaintext`, in records of 16 KiB; false: it failed.
  bool write(std::string_view plaintext, std::string& output);

  /// Says that nothing more will come from this side, which may still read.
  void close(std::string& output);

  /// The next read() has something to say without any input.
  bool has_more() const noexcept;

  const std::optional<TlsFault>& fault() const noexcept { return fault_; }
  bool is_established() const noexcept;
  bool is_resumed() const noexcept;
  TlsSide side() const noexcept;

  /// Of the other side's verified certificate; once the handshake is over.
  std::string principal() const;

 private:
  struct Wire {
    std::string_view* input = nullptr;
    std::string* output = nullptr;
  };
  struct Bio;

  Status status_of(int result);

  Wire wire_;  // what OpenSSL reads from and writes to during a call
  TlsSession session_;
  std::optional<TlsFault> fault_;
};

}  // namespace osproxy
