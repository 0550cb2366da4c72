#include "osproxy/net/tls_stream.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <tuple>
#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/ssl/error.hpp>
#include <sys/socket.h>

#include "osproxy/core/address.h"

namespace osproxy {
namespace {

/// The payload of a full record (RFC 8446, section 5.1).
constexpr std::size_t kRecordSize = 16 * 1024;

/// Encrypted and sent at a time.
constexpr std::size_t kBatchSize = 64 * 1024;

/// Of a handshake: certificates of some kilobytes, and as much as OpenSSL takes of them.
constexpr std::size_t kMaxHandshakeBytes = 256 * 1024;

/// The bound of replies to TLS's own messages while nothing is written.
constexpr std::size_t kMaxUnsent = 64 * 1024;

/// Received in one read without a byte of payload. A record holds 16 KiB at most, so that only
/// TLS's own messages can be so many: they would keep the worker for as long as they come.
constexpr std::size_t kMaxWithoutPayload = 256 * 1024;

/// Steps of looking at what an idle connection has received. A node's tickets are a few hundred
/// bytes.
constexpr int kMaxQuietReads = 4;

error_code protocol_error() { return make_error_code(boost::system::errc::protocol_error); }

}  // namespace

TlsStream::TlsStream(ReadinessSocket& socket, TlsSession session, TlsWorker& worker)
    : socket_(socket), worker_(worker), engine_(std::move(session)) {
  if (worker_.input) return;
  worker_.input = std::make_unique_for_overwrite<char[]>(TlsWorker::kBufferSize);
  worker_.gathered.reserve(kRecordSize);
  worker_.output.reserve(kBatchSize + kBatchSize / 8);
}

TlsStream::~TlsStream() {
  if (engine_.side() == TlsSide::Upstream) end();
}

Task<bool> TlsStream::handshake(const Deadline& deadline) {
  std::size_t received = 0;
  std::string_view input;
  while (true) {
    worker_.output.clear();
    const TlsEngine::Status status = engine_.handshake(input, worker_.output).status;
    unread_.assign(input);
    // A peer that does not speak TLS would not understand an alert.
    const bool is_tls = !engine_.fault() || engine_.fault()->failure != TlsFailure::NotTls;
    error_code error = is_tls ? send(worker_.output) : error_code{};
    if (status == TlsEngine::Status::Failed) {
      fail(*engine_.fault());
      co_return false;
    }
    while (!error && !unsent_.empty()) error = co_await send_more();
    if (!error && status == TlsEngine::Status::Done) break;
    if (!error) input = co_await receive(TlsWorker::kBufferSize, error);
    received += input.size();
    if (error || received > kMaxHandshakeBytes) {
      fail(deadline.expired() ? TlsFault{TlsFailure::TimedOut, "the handshake took too long"}
           : error            ? TlsFault{TlsFailure::Closed, error.message()}
                              : TlsFault{TlsFailure::Other, "the handshake is too large"});
      co_return false;
    }
  }
  worker_.counters.count_handshake(engine_.side(), engine_.is_resumed());
  principal_ = engine_.principal();
  co_return true;
}

std::size_t TlsStream::read_now(std::span<char> room, error_code& error) {
  bool more = has_more();
  const std::string held = std::exchange(unread_, {});
  std::string_view input = held;
  std::size_t received = 0;
  while (true) {
    if (!more) {
      input = receive_now(std::min(room.size(), TlsWorker::kBufferSize), error);
      received += input.size();
      if (received > kMaxWithoutPayload) error = protocol_error();
      if (error) return 0;
    }
    more = false;
    worker_.output.clear();
    const TlsEngine::Step step = engine_.read(input, room, worker_.output);
    unread_.assign(input);
    error_code sent = send(worker_.output);
    if (unsent_.size() > kMaxUnsent) sent = protocol_error();
    switch (step.status) {
      case TlsEngine::Status::Done:
        error = {};
        return step.size;
      case TlsEngine::Status::NeedsInput:
        error = sent;
        if (error) return 0;
        break;
      case TlsEngine::Status::Ended:
        error = asio::error::eof;
        return 0;
      case TlsEngine::Status::Failed:
        if (!fault_) fail(*engine_.fault());
        error = protocol_error();
        return 0;
    }
  }
}

error_code TlsStream::write_now(std::span<asio::const_buffer> parts) {
  error_code error = send({});
  while (!error && unsent_.empty() && asio::buffer_size(parts) > 0) {
    worker_.output.clear();
    if (!encrypt(parts)) return protocol_error();
    error = send(worker_.output);
  }
  if (!error && !unsent_.empty()) error = asio::error::would_block;
  return error;
}

bool TlsStream::is_quiet() noexcept {
  if (has_more()) return false;
  for (int i = 0; i < kMaxQuietReads; ++i) {
    const auto got =
        ::recv(socket_.native_handle(), worker_.input.get(), TlsWorker::kBufferSize, MSG_DONTWAIT);
    if (got < 0) return would_block(errno);
    if (got == 0) return false;
    std::string_view input(worker_.input.get(), static_cast<std::size_t>(got));
    std::array<char, 1> response;
    worker_.output.clear();
    const TlsEngine::Step step = engine_.read(input, response, worker_.output);
    if (step.status != TlsEngine::Status::NeedsInput || send(worker_.output)) return false;
  }
  return false;
}

void TlsStream::end() noexcept {
  if (!unsent_.empty()) return;  // what is there cannot be sent any more, or the end would be false
  worker_.output.clear();
  engine_.close(worker_.output);
  std::ignore = send(worker_.output);
}

/// Receives at most `most` bytes, good until the next suspension; or `error` says why not.
std::string_view TlsStream::receive_now(std::size_t most, error_code& error) noexcept {
  const std::size_t size = socket_.receive_now({worker_.input.get(), most}, error);
  if (error == asio::error::eof) error = asio::ssl::error::stream_truncated;
  return {worker_.input.get(), size};
}

/// As receive_now(), but it waits until something is there.
Task<std::string_view> TlsStream::receive(std::size_t most, error_code& error) {
  const unsigned cancels = socket_.cancels();
  socket_.assume_nothing();
  std::string_view input = receive_now(most, error);
  while (error == asio::error::would_block) {
    const auto [ended] = co_await socket_.async_until_readable(kAsTask);
    error = socket_.woken(ended, cancels);
    if (!error) input = receive_now(most, error);
  }
  co_return input;
}

/// Waits until the kernel takes more of what is unsent.
Task<error_code> TlsStream::send_more() {
  const auto [failed] = co_await socket_.async_wait(Socket::wait_write, kAsTask);
  if (failed) co_return failed;
  co_return send({});
}

/// Sends what is unsent and then `bytes`; what the kernel does not take now stays unsent.
error_code TlsStream::send(std::string_view bytes) noexcept {
  if (!unsent_.empty()) bytes = unsent_.append(bytes);
  if (bytes.empty()) return {};
  const auto taken =
      ::send(socket_.native_handle(), bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  if (taken < 0 && !would_block(errno)) return {errno, boost::system::system_category()};
  const auto sent = static_cast<std::size_t>(std::max<ssize_t>(taken, 0));
  if (sent == bytes.size()) {
    unsent_ = {};  // with its memory
  } else if (unsent_.empty()) {
    unsent_.assign(bytes.substr(sent));
  } else {
    unsent_.erase(0, sent);
  }
  return {};
}

/// Encrypts a batch off the front of `parts`. Full records are made of what stands in one piece;
/// pieces smaller than that share one.
bool TlsStream::encrypt(std::span<asio::const_buffer> parts) {
  for (std::size_t done = 0; done < kBatchSize && asio::buffer_size(parts) > 0;) {
    while (parts.front().size() == 0) parts = parts.subspan(1);
    asio::const_buffer& first = parts.front();
    const std::size_t whole = std::min(first.size(), kBatchSize - done) / kRecordSize * kRecordSize;
    std::string_view plaintext(static_cast<const char*>(first.data()), whole);
    first += whole;
    if (whole == 0) {
      worker_.gathered.clear();
      for (asio::const_buffer& part : parts) {
        const std::size_t size = std::min(part.size(), kRecordSize - worker_.gathered.size());
        worker_.gathered.append(static_cast<const char*>(part.data()), size);
        part += size;
      }
      plaintext = worker_.gathered;
    }
    if (!engine_.write(plaintext, worker_.output)) return false;
    done += plaintext.size();
  }
  return true;
}

void TlsStream::fail(const TlsFault& fault) {
  fault_ = fault;
  worker_.counters.count_failure(engine_.side(), fault.failure);
  if (!worker_.on_failure) return;
  error_code unknown;
  const auto peer = socket_.remote_endpoint(unknown);
  const std::string address =
      HostPort{.host = peer.address().to_string(), .port = peer.port()}.to_string();
  worker_.on_failure({.side = engine_.side(), .peer = address, .fault = *fault_});
}

}  // namespace osproxy
