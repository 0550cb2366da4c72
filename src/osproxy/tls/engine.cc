#include "osproxy/tls/engine.h"

#include <algorithm>
#include <cstring>
#include <new>
#include <utility>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

namespace osproxy {

/// Connects OpenSSL with the caller's buffers. OpenSSL's memory BIOs would keep memory for the
/// largest record.
struct TlsEngine::Bio {
  static int read(BIO* bio, char* room, int size) {
    BIO_clear_retry_flags(bio);
    std::string_view& input = *wire(bio).input;
    if (input.empty()) {
      BIO_set_retry_read(bio);
      return -1;
    }
    const std::size_t taken = std::min(input.size(), static_cast<std::size_t>(size));
    std::memcpy(room, input.data(), taken);
    input.remove_prefix(taken);
    return static_cast<int>(taken);
  }

  static int write(BIO* bio, const char* bytes, int size) try {
    wire(bio).output->append(bytes, static_cast<std::size_t>(size));
    return size;
  } catch (const std::bad_alloc&) {
    return -1;  // an exception must not pass through OpenSSL
  }

  static long control(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }

  static int create(BIO* bio) {
    BIO_set_init(bio, 1);
    return 1;
  }

  static Wire& wire(BIO* bio) { return *static_cast<Wire*>(BIO_get_data(bio)); }

  static const BIO_METHOD* method() {
    static const BIO_METHOD* const made = [] {
      BIO_METHOD* const method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "wire");
      BIO_meth_set_read(method, &read);
      BIO_meth_set_write(method, &write);
      BIO_meth_set_ctrl(method, &control);
      BIO_meth_set_create(method, &create);
      return method;
    }();
    return made;
  }
};

TlsEngine::TlsEngine(TlsSession session) : session_(std::move(session)) {
  BIO* const bio = BIO_new(Bio::method());
  BIO_set_data(bio, &wire_);
  SSL_set_bio(session_.ssl.get(), bio, bio);
}

/// Interprets the result of a call to OpenSSL.
TlsEngine::Status TlsEngine::status_of(int result) {
  switch (SSL_get_error(session_.ssl.get(), result)) {
    case SSL_ERROR_NONE:
      return Status::Done;
    case SSL_ERROR_WANT_READ:
      return Status::NeedsInput;
    case SSL_ERROR_ZERO_RETURN:
      return Status::Ended;
    default:
      fault_ = explain_failure(*session_.ssl);
      ERR_clear_error();
      return Status::Failed;
  }
}

TlsEngine::Step TlsEngine::handshake(std::string_view& input, std::string& output) {
  if (fault_) return {Status::Failed};
  wire_ = {&input, &output};
  ERR_clear_error();
  return {status_of(SSL_do_handshake(session_.ssl.get()))};
}

TlsEngine::Step TlsEngine::read(std::string_view& input, std::span<char> room,
                                std::string& output) {
  if (fault_) return {Status::Failed};
  wire_ = {&input, &output};
  ERR_clear_error();
  std::size_t size = 0;
  Status status = Status::Done;
  while (size < room.size() && status == Status::Done) {
    std::size_t got = 0;
    status =
        status_of(SSL_read_ex(session_.ssl.get(), room.data() + size, room.size() - size, &got));
    size += got;
  }
  return {size > 0 ? Status::Done : status, size};
}

bool TlsEngine::write(std::string_view plaintext, std::string& output) {
  if (fault_) return false;
  std::string_view no_input;
  wire_ = {&no_input, &output};
  ERR_clear_error();
  std::size_t written = 0;
  const int result = SSL_write_ex(session_.ssl.get(), plaintext.data(), plaintext.size(), &written);
  return status_of(result) == Status::Done;
}

void TlsEngine::close(std::string& output) {
  if (fault_ || !is_established()) return;
  std::string_view no_input;
  wire_ = {&no_input, &output};
  ERR_clear_error();
  SSL_shutdown(session_.ssl.get());
  ERR_clear_error();
}

bool TlsEngine::has_more() const noexcept {
  const SSL* const ssl = session_.ssl.get();
  return fault_.has_value() || SSL_pending(ssl) > 0 ||
         (SSL_get_shutdown(ssl) & SSL_RECEIVED_SHUTDOWN) != 0;
}

bool TlsEngine::is_established() const noexcept {
  return SSL_is_init_finished(session_.ssl.get()) == 1;
}

bool TlsEngine::is_resumed() const noexcept { return SSL_session_reused(session_.ssl.get()) == 1; }

TlsSide TlsEngine::side() const noexcept {
  return SSL_is_server(session_.ssl.get()) == 1 ? TlsSide::Client : TlsSide::Upstream;
}

std::string TlsEngine::principal() const { return session_.context->principal_of(*session_.ssl); }

}  // namespace osproxy
