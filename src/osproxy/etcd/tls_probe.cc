#include "osproxy/etcd/tls_probe.h"

#include <array>
#include <cerrno>
#include <memory>
#include <string_view>
#include <tuple>
#include <utility>

#include <netdb.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "osproxy/core/address.h"

namespace osproxy::etcd {
namespace {

using std::chrono::steady_clock;

using Context = std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)>;
using Session = std::unique_ptr<SSL, decltype(&SSL_free)>;

/// A TCP connection. One deadline ends all of its steps.
class Socket {
 public:
  explicit Socket(steady_clock::time_point deadline) : deadline_(deadline) {}
  ~Socket() {
    if (socket_ >= 0) ::close(socket_);
  }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  bool connect(const HostPort& address) {
    addrinfo hints{};
    hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    const std::string port = std::to_string(address.port);
    if (::getaddrinfo(address.host.c_str(), port.c_str(), &hints, &found) != 0) return false;
    socket_ = ::socket(found->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    const bool begun =
        ::connect(socket_, found->ai_addr, found->ai_addrlen) == 0 || errno == EINPROGRESS;
    ::freeaddrinfo(found);
    int error = 0;
    socklen_t size = sizeof error;
    return begun && wait_for(POLLOUT) &&
           ::getsockopt(socket_, SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error == 0;
  }

  /// Does not wait for room: a handshake's few hundred bytes fit into the socket's buffer.
  bool send(std::string_view bytes) {
    return ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
           static_cast<ssize_t>(bytes.size());
  }

  /// Waits for bytes; empty: the connection or the time is over.
  std::string_view receive() {
    if (!wait_for(POLLIN)) return {};
    const ssize_t size = ::recv(socket_, buffer_.data(), buffer_.size(), 0);
    return {buffer_.data(), size > 0 ? static_cast<std::size_t>(size) : 0};
  }

 private:
  bool wait_for(short what) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline_ - steady_clock::now()).count();
    pollfd watched{.fd = socket_, .events = what, .revents = 0};
    return left > 0 && ::poll(&watched, 1, static_cast<int>(left)) == 1;
  }

  const steady_clock::time_point deadline_;
  int socket_ = -1;
  std::array<char, 16'384> buffer_{};
};

/// TLS over a Socket, the client's side.
class Handshake {
 public:
  Handshake(SSL_CTX* context, Socket& socket)
      : session_(SSL_new(context), &SSL_free), socket_(socket) {
    // OpenSSL reads and writes memory only: if it wrote to the socket, it could raise SIGPIPE.
    SSL_set_bio(session_.get(), BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    SSL_set_connect_state(session_.get());
  }

  SSL* session() const { return session_.get(); }

  bool run() {
    return drive([this] { return SSL_do_handshake(session()); });
  }

  /// Waits for data after the handshake: with TLS 1.3, a server judges the client's certificate
  /// only then.
  bool read() {
    char byte = 0;
    return drive([&] { return SSL_read(session(), &byte, 1); });
  }

 private:
  template <class Step>
  bool drive(Step step) {
    while (true) {
      ERR_clear_error();
      const int result = step();
      char* bytes = nullptr;
      const long size = BIO_get_mem_data(SSL_get_wbio(session()), &bytes);
      if (size > 0 && !socket_.send({bytes, static_cast<std::size_t>(size)})) return false;
      std::ignore = BIO_reset(SSL_get_wbio(session()));
      if (result > 0) return true;
      if (SSL_get_error(session(), result) != SSL_ERROR_WANT_READ) return false;
      const std::string_view received = socket_.receive();
      if (received.empty()) return false;
      BIO_write(SSL_get_rbio(session()), received.data(), static_cast<int>(received.size()));
    }
  }

  const Session session_;
  Socket& socket_;
};

Context make_context(const TlsPem* pem) {
  Context context(SSL_CTX_new(TLS_client_method()), &SSL_CTX_free);
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  static constexpr unsigned char kHttp2[] = {2, 'h', '2'};
  SSL_CTX_set_alpn_protos(context.get(), kHttp2, sizeof kHttp2);
  if (pem != nullptr) {
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
    use_pem(*context, *pem);
  }
  return context;
}

void expect_name(SSL* session, const std::string& name) {
  if (X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(session), name.c_str()) == 1) return;
  const std::string host(tls_name(name));
  SSL_set1_host(session, host.c_str());
  SSL_set_tlsext_host_name(session, host.c_str());
}

/// The last error in OpenSSL's queue.
struct OpenSslError {
  unsigned long code = ERR_peek_last_error();

  int reason() const { return ERR_GET_REASON(code); }
  /// True if the server sent it: OpenSSL adds 1000 to an alert's number (RFC 8446, section 6).
  bool is_alert() const { return ERR_GET_LIB(code) == ERR_LIB_SSL && reason() >= 1000; }
  std::string text() const {
    const char* const words = ERR_reason_error_string(code);
    return words == nullptr ? "no reason given" : words;
  }
};

Failure from_verification(long result) {
  std::string detail = X509_verify_cert_error_string(result);
  switch (result) {
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return {FailureKind::WrongName, std::move(detail)};
    case X509_V_ERR_CERT_HAS_EXPIRED:
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return {FailureKind::Expired, std::move(detail)};
    default:
      return {FailureKind::Untrusted, std::move(detail)};
  }
}

/// True for the alerts with which a server refuses a client's certificate (RFC 8446, section 6.2).
bool is_about_certificate(const OpenSslError& alert) {
  switch (alert.reason() - 1000) {
    case 42:   // bad_certificate
    case 43:   // unsupported_certificate
    case 44:   // certificate_revoked
    case 45:   // certificate_expired
    case 46:   // certificate_unknown
    case 48:   // unknown_ca
    case 116:  // certificate_required
      return true;
    default:
      return false;
  }
}

Failure from_alert(const OpenSslError& alert) {
  return {is_about_certificate(alert) ? FailureKind::ClientRefused : FailureKind::TlsFailed,
          alert.text()};
}

/// True if the server speaks HTTP without TLS.
bool speaks_plain(const HostPort& address, steady_clock::time_point deadline) {
  // The beginning of every HTTP/2 connection, and empty settings (RFC 9113, section 3.4).
  static constexpr std::string_view kHello{"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0",
                                           33};
  Socket socket(deadline);
  if (!socket.connect(address) || !socket.send(kHello)) return false;
  const std::string_view response = socket.receive();
  constexpr char kSettings = 4;
  return response.starts_with("HTTP/1.") || (response.size() >= 9 && response[3] == kSettings);
}

std::optional<Failure> probe_with_tls(const HostPort& address, const TlsProbeTarget& target,
                                      steady_clock::time_point deadline) {
  Socket socket(deadline);
  if (!socket.connect(address)) return std::nullopt;
  const Context context = make_context(target.tls);
  Handshake handshake(context.get(), socket);
  expect_name(handshake.session(), target.name);
  const bool done = handshake.run();
  if (done && handshake.read()) return std::nullopt;
  const OpenSslError error;
  if (const long verified = SSL_get_verify_result(handshake.session()); verified != X509_V_OK) {
    return from_verification(verified);
  }
  if (error.is_alert()) return from_alert(error);
  if (!done && speaks_plain(address, deadline)) return Failure{FailureKind::NoTls, {}};
  return std::nullopt;
}

std::optional<Failure> probe_without_tls(const HostPort& address,
                                         steady_clock::time_point deadline) {
  Socket socket(deadline);
  if (!socket.connect(address)) return std::nullopt;
  const Context context = make_context(nullptr);
  Handshake handshake(context.get(), socket);
  // An alert is TLS too.
  if (!handshake.run() && !OpenSslError{}.is_alert()) return std::nullopt;
  return Failure{FailureKind::WantsTls, {}};
}

}  // namespace

std::optional<Failure> probe_tls(const TlsProbeTarget& target) {
  const auto address = parse_host_port(target.address);
  if (!address) return std::nullopt;
  const auto deadline = steady_clock::now() + kTlsProbeTimeout;
  auto found = target.tls != nullptr ? probe_with_tls(*address, target, deadline)
                                     : probe_without_tls(*address, deadline);
  ERR_clear_error();  // gRPC reads this thread's queue too
  return found;
}

}  // namespace osproxy::etcd
