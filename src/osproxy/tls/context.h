// What TLS connections of one kind have in common: certificates, keys, whom to trust.
//
//   auto context = TlsContext::for_clients({.pairs = {{"server.crt", "server.key"}}});
//   if (!context) fail(context.error());    // "--tls-key-file: \"server.key\" does not belong …"
//   TlsEngine engine((*context)->accept());
//
// Files are read once, when the context is made; renewed ones need a new context, and connections
// under way keep the one that they began with. So do the tickets of session resumption: their keys
// belong to the context, and none is accepted by another, so that a CA that is no longer trusted is
// not trusted any more by way of an old session.
//
// TLS 1.2 and 1.3; no compression, no renegotiation, no early data. docs/http.md has the ciphers.
//
// Immutable; any thread. Errors are one clause for a person, and name the setting and the file.
#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

struct ssl_ctx_st;      // OpenSSL's SSL_CTX
struct ssl_session_st;  // SSL_SESSION
struct ssl_st;          // SSL

namespace osproxy {

/// A certificate, with its issuers behind it, and its key; PEM files.
struct TlsPair {
  std::string cert_file;
  std::string key_file;

  friend bool operator==(const TlsPair&, const TlsPair&) = default;
};

enum class ClientAuth : std::uint8_t {
  None,      ///< no certificate is asked for
  Optional,  ///< one that is shown must be good
  Required,  ///< and there must be one
};

/// What of a client's certificate is its principal.
enum class CertificateName : std::uint8_t {
  None,
  CommonName,  ///< of the subject; the last, which is the most specific, if there are several
  Dns,         ///< the first subject alternative name of that kind, as are the others
  Email,
  Uri,
};

struct TlsListenOptions {
  std::vector<TlsPair> pairs{};  ///< chosen by the name that a client asks for; else the first
  std::string client_ca_file{};
  ClientAuth client_auth = ClientAuth::None;
  CertificateName principal = CertificateName::CommonName;
};

struct TlsUpstreamOptions {
  std::string ca_file{};  ///< empty: the CAs that the system trusts
  TlsPair client{};       ///< ours; empty: none
  bool verify = true;
};

/// Until when a certificate is good.
struct TlsExpiry {
  std::string file;
  std::chrono::sys_seconds end;
};

class TlsContext;

/// What the next connection to the same node can resume. One a node, shared with its connections,
/// which all belong to one thread.
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

  std::shared_ptr<const TlsContext> context_;  // that session_ was made with
  std::unique_ptr<ssl_session_st, Free> session_;
};

/// One connection's state in OpenSSL, with what it refers to.
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

  /// The server's side, towards clients.
  static std::expected<Pointer, std::string> for_clients(const TlsListenOptions& options);

  /// The client's side, towards upstream nodes.
  static std::expected<Pointer, std::string> for_upstreams(const TlsUpstreamOptions& options);

  ~TlsContext();
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;

  /// A session that waits for a client's handshake.
  TlsSession accept() const;

  /// A session that begins a handshake with the node `host`, a name or an address.
  TlsSession connect(const std::string& host, std::shared_ptr<TlsResumption> resumption) const;

  /// The principal that the other side's verified certificate names; empty if there is none, or it
  /// is too long or has control characters.
  std::string principal_of(const ssl_st& session) const;

  /// Of each certificate of ours, in the order of the options.
  const std::vector<TlsExpiry>& expiries() const noexcept { return expiries_; }

 private:
  struct Free {
    void operator()(ssl_ctx_st* context) const noexcept;
  };
  using Handle = std::unique_ptr<ssl_ctx_st, Free>;

  TlsContext() = default;

  TlsSession begin(std::shared_ptr<TlsResumption> resumption) const;
  std::expected<void, std::string> present(ssl_ctx_st& context, const TlsPair& pair,
                                           std::string_view side);
  static int choose_certificate(ssl_st* session, int* alert, void* self);
  static int keep_session(ssl_st* session, ssl_session_st* resumable);

  std::vector<Handle> contexts_;  // one a certificate; the first is the one to begin with
  std::map<std::string, ssl_ctx_st*, std::less<>> by_name_;  // "a.example", "*.example"
  std::vector<TlsExpiry> expiries_;
  CertificateName principal_ = CertificateName::None;
  bool verifies_ = false;
};

/// Those in force, replaced together. Connections that are made later use the new ones.
struct TlsContexts {
  TlsContext::Pointer listener{};  ///< null: clients come without TLS
  TlsContext::Pointer upstream{};  ///< null: no node is to be reached with TLS
};

}  // namespace osproxy
