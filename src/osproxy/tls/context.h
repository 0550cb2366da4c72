// Holds the certificates, keys and trusted CAs that TLS connections of one kind share.
//
//   auto context = TlsContext::for_clients({.pairs = {{"server.crt", "server.key"}}});
//   if (!context) return fail(context.error());  // names the setting and the file
//   TlsEngine engine((*context)->accept());
//
// Files are read once, when the context is made. After they are renewed, make a new context; open
// connections keep theirs. Tickets for session resumption are encrypted with keys of the context,
// which change every hour (tls/ticket_keys.h), and no other context accepts them. Otherwise a
// client could use an old session after its CA is no longer trusted. Nor does a session outlive the
// client's certificate: once that has expired, the client has to make a full handshake.
//
// TLS 1.2 and 1.3; no compression, no renegotiation, no early data. docs/http.md lists the ciphers.
//
// Immutable; may be used from any thread. An error is a clause for the operator.
#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "osproxy/core/clock.h"
#include "osproxy/tls/ticket_keys.h"

struct ssl_ctx_st;      // OpenSSL's SSL_CTX
struct ssl_session_st;  // SSL_SESSION
struct ssl_st;          // SSL

namespace osproxy {

/// A certificate, followed by its issuers in the same file, and its key; PEM files.
struct TlsPair {
  std::string cert_file;
  std::string key_file;

  friend bool operator==(const TlsPair&, const TlsPair&) = default;
};

enum class ClientAuth : std::uint8_t {
  None,      ///< clients are not asked for a certificate
  Optional,  ///< a client may send none, but not a bad one
  Required,  ///< a client must send a good one
};

/// The part of a client's certificate that is the principal.
enum class CertificateName : std::uint8_t {
  None,
  CommonName,  ///< of the subject; of several the last, which is the most specific
  Dns,         ///< the first subject alternative name of this kind
  Email,       ///< likewise
  Uri,         ///< likewise
};

struct TlsListenOptions {
  std::vector<TlsPair>
      pairs{};  ///< selected by the name that a client asks for; default: the first
  std::string client_ca_file{};
  ClientAuth client_auth = ClientAuth::None;
  CertificateName principal = CertificateName::CommonName;
  // The settings that errors name.
  std::string cert_settings = "--tls";  ///< in front of `-cert-file` and `-key-file`
  std::string client_ca_setting = "--tls-client-ca-file";
};

struct TlsUpstreamOptions {
  std::string ca_file{};  ///< empty for the CAs that the system trusts
  TlsPair client{};       ///< osproxy's certificate; empty if it has none
  bool verify = true;
};

/// The end of a certificate's validity.
struct TlsExpiry {
  std::string file;
  std::chrono::sys_seconds end;
};

class TlsContext;

/// Holds the session that the next connection to the same node can resume. There is one for each
/// node, shared by its connections, which all belong to one thread.
class TlsResumption {
 public:
  TlsResumption();
  ~TlsResumption();
  TlsResumption(const TlsResumption&) = delete;
  TlsResumption& operator=(const TlsResumption&) = delete;

 private:
  friend class TlsContext;
  struct Free {
    void operator()(ssl_session_st* session) const noexcept;
  };

  std::shared_ptr<const TlsContext> context_;  // of session_
  std::unique_ptr<ssl_session_st, Free> session_;
};

/// The state of one connection in OpenSSL, and the objects that it refers to.
struct TlsSession {
  struct Free {
    void operator()(ssl_st* ssl) const noexcept;
  };

  std::shared_ptr<const TlsContext> context;
  std::shared_ptr<TlsResumption> resumption;  ///< null on the server's side
  std::unique_ptr<ssl_st, Free> ssl;
};

class TlsContext : public std::enable_shared_from_this<TlsContext> {
 public:
  using Pointer = std::shared_ptr<const TlsContext>;

  /// For the server side of client connections.
  static std::expected<Pointer, std::string> for_clients(const TlsListenOptions& options);

  /// The same with another clock, which must outlive the context: for tests.
  static std::expected<Pointer, std::string> for_clients(const TlsListenOptions& options,
                                                         const Clock& clock);

  /// For the client side of connections to upstream nodes.
  static std::expected<Pointer, std::string> for_upstreams(const TlsUpstreamOptions& options);

  ~TlsContext();
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;

  /// A session that expects a client's handshake.
  TlsSession accept() const;

  /// A session that begins a handshake with the node `host`, which is a name or an address.
  TlsSession connect(const std::string& host, std::shared_ptr<TlsResumption> resumption) const;

  /// The principal in the peer's verified certificate; empty if there is none, or if it is too long
  /// or has control characters.
  std::string principal_of(const ssl_st& session) const;

  /// One for each certificate of osproxy, in the order of the options.
  const std::vector<TlsExpiry>& expiries() const noexcept { return expiries_; }

 private:
  struct Free {
    void operator()(ssl_ctx_st* context) const noexcept;
  };
  using Handle = std::unique_ptr<ssl_ctx_st, Free>;

  explicit TlsContext(const Clock& clock) : clock_(clock) {}

  TlsSession begin(std::shared_ptr<TlsResumption> resumption) const;
  std::expected<void, std::string> present(ssl_ctx_st& context, const TlsPair& pair,
                                           std::string_view side);
  static int choose_certificate(ssl_st* session, int* alert, void* self);
  struct Tickets;  // OpenSSL's calls for session tickets
  static int keep_session(ssl_st* session, ssl_session_st* resumable);

  std::vector<Handle> contexts_;  // one for each certificate; the first is the default
  std::map<std::string, ssl_ctx_st*, std::less<>> by_name_;  // "a.example", "*.example"
  std::vector<TlsExpiry> expiries_;
  CertificateName principal_ = CertificateName::None;
  bool verifies_ = false;
  const Clock& clock_;
  mutable TicketKeys ticket_keys_;  // has its own mutex
};

/// The contexts in force, which are replaced together. New connections use the new ones.
struct TlsContexts {
  TlsContext::Pointer listener{};  ///< null if clients connect without TLS
  TlsContext::Pointer upstream{};  ///< null if no node uses TLS
};

}  // namespace osproxy
