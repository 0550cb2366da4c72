#include "osproxy/tls/context.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <span>
#include <utility>

#include <fmt/format.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "osproxy/core/address.h"
#include "osproxy/core/attribute_text.h"
#include "osproxy/core/pem.h"
#include "osproxy/core/read_file.h"
#include "osproxy/tls/certificate_names.h"

namespace osproxy {
namespace {

using Done = std::expected<void, std::string>;

const SystemClock kSystemClock{};  // stateless

/// The ciphers for clients with TLS 1.2: only those with forward secrecy and authenticated
/// encryption. TLS 1.3 has no others. For nodes, OpenSSL's default list applies.
constexpr const char* kListenCiphers = "ECDHE+AESGCM:ECDHE+CHACHA20";

/// The encoding of RFC 7301, section 3.1: a length byte, then the name.
constexpr unsigned char kAlpn[] = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};

/// Ties sessions to this server. OpenSSL requires it where client certificates are verified and
/// sessions resumed.
constexpr unsigned char kSessionIdContext[] = {'o', 's', 'p', 'r', 'o', 'x', 'y'};

std::unexpected<std::string> bad(std::string_view setting, const std::string& path,
                                 std::string_view why) {
  return std::unexpected(fmt::format("{}: \"{}\" {}", setting, path, why));
}

/// Takes the reason of OpenSSL's last error, for faults that only it finds, such as a short key.
std::string complaint() {
  const char* const words = ERR_reason_error_string(ERR_peek_last_error());
  std::string text = fmt::format("cannot be used: {}", words == nullptr ? "no reason" : words);
  ERR_clear_error();
  return text;
}

std::expected<std::vector<Certificate>, std::string> read_certificates(std::string_view setting,
                                                                       const std::string& path) {
  const auto pem = read_file(path, kMaxPemBytes);
  if (!pem) return bad(setting, path, pem.error());
  auto found = parse_certificates(*pem);
  if (found.empty()) return bad(setting, path, "holds no certificate in PEM format");
  return found;
}

/// Trusts the CAs in the file. Clients that are asked for a certificate are told their names.
Done trust(SSL_CTX& context, std::string_view setting, const std::string& path, bool tell_names) {
  const auto roots = read_certificates(setting, path);
  if (!roots) return std::unexpected(roots.error());
  for (const Certificate& root : *roots) {
    X509_STORE_add_cert(SSL_CTX_get_cert_store(&context), root.get());
    if (tell_names) SSL_CTX_add_client_CA(&context, root.get());
  }
  return {};
}

void set_common_options(SSL_CTX& context) {
  SSL_CTX_set_min_proto_version(&context, TLS1_2_VERSION);
  SSL_CTX_set_options(&context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  // RELEASE_BUFFERS: an idle connection holds no record buffers. ACCEPT_MOVING_WRITE_BUFFER: the
  // caller's buffer may move between two attempts.
  SSL_CTX_set_mode(&context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
}

/// Selects http/1.1. A client that offers protocols without it is refused, since it would send, for
/// example, HTTP/2.
int choose_protocol(SSL*, const unsigned char** chosen, unsigned char* chosen_size,
                    const unsigned char* offered, unsigned int offered_size, void*) {
  for (unsigned int i = 0; i < offered_size; i += 1 + offered[i]) {
    if (offered_size - i < sizeof kAlpn) break;
    if (!std::equal(std::begin(kAlpn), std::end(kAlpn), offered + i)) continue;
    *chosen = offered + i + 1;
    *chosen_size = offered[i];
    return SSL_TLSEXT_ERR_OK;
  }
  return SSL_TLSEXT_ERR_ALERT_FATAL;
}

std::string lower_case(std::string_view text) {
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return lower;
}

/// The names of a certificate that a client may ask for: its alternative names, or without any its
/// common name.
std::vector<std::string> names_of(const x509_st& certificate) {
  std::vector<std::string> names = alt_names(certificate, AltName::Dns);
  if (names.empty()) names.push_back(common_name(certificate));
  for (std::string& name : names) name = lower_case(name);
  return names;
}

bool is_address(const std::string& host) {
  ASN1_OCTET_STRING* const address = a2i_IPADDRESS(host.c_str());
  ASN1_OCTET_STRING_free(address);
  return address != nullptr;
}

/// A name must stand in the certificate's alternative names: its CN counts for nothing (RFC 9525,
/// section 6.3).
void expect_name(SSL& session, const std::string& address) {
  const std::string host(tls_name(address));
  X509_VERIFY_PARAM* const expected = SSL_get0_param(&session);
  if (is_address(host)) {
    X509_VERIFY_PARAM_set1_ip_asc(expected, host.c_str());
    return;
  }
  X509_VERIFY_PARAM_set_hostflags(
      expected, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
  X509_VERIFY_PARAM_set1_host(expected, host.data(), host.size());
  SSL_set_tlsext_host_name(&session, host.c_str());
}

/// The index of a session's TlsResumption in OpenSSL's extra data.
int resumption_index() {
  static const int index = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return index;
}

}  // namespace

void TlsContext::Free::operator()(ssl_ctx_st* context) const noexcept { SSL_CTX_free(context); }
void TlsSession::Free::operator()(ssl_st* session) const noexcept { SSL_free(session); }
void TlsResumption::Free::operator()(ssl_session_st* session) const noexcept {
  SSL_SESSION_free(session);
}

TlsResumption::TlsResumption() = default;
TlsResumption::~TlsResumption() = default;
TlsContext::~TlsContext() = default;

struct TlsContext::Tickets {
  static const TlsContext& context_of(SSL* session) {
    return *static_cast<const TlsContext*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(session)));
  }

  /// Sets up the encryption or decryption of a ticket (SSL_CTX_set_tlsext_ticket_key_evp_cb(3)).
  /// Returns 0 if the ticket is to be ignored, and 2 if it is good and to be renewed.
  static int set_key(SSL* session, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher,
                     EVP_MAC_CTX* mac, int encrypts) {
    const TlsContext& own = context_of(session);
    const BootTime now = own.clock_.boot();
    const std::span<unsigned char, TicketKeys::kNameBytes> key_name(name, TicketKeys::kNameBytes);
    auto key = encrypts != 0 ? own.ticket_keys_.current(now) : own.ticket_keys_.find(key_name, now);
    if (!key) return encrypts != 0 ? -1 : 0;
    if (encrypts != 0) {
      std::ranges::copy(key->name, key_name.begin());
      if (RAND_bytes(iv, EVP_CIPHER_get_iv_length(EVP_aes_256_cbc())) != 1) return -1;
    }
    // In TLS 1.3 a client uses a ticket once (RFC 8446, appendix C.4), and needs another.
    const bool is_renewed = !key->is_current || SSL_version(session) == TLS1_3_VERSION;
    const int status = encrypts == 0 && is_renewed ? 2 : 1;
    char digest[] = "SHA256";
    const std::array<OSSL_PARAM, 3> parameters{
        OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, key->mac.data(), key->mac.size()),
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_end()};
    const bool is_set = EVP_CipherInit_ex2(cipher, EVP_aes_256_cbc(), key->cipher.data(), iv,
                                           encrypts, nullptr) == 1 &&
                        EVP_MAC_CTX_set_params(mac, parameters.data()) == 1;
    OPENSSL_cleanse(&*key, sizeof *key);
    return is_set ? status : -1;
  }

  /// Decides on a decrypted ticket. The handshake that it replaces would check the certificate.
  static SSL_TICKET_RETURN judge(SSL* session, SSL_SESSION* resumable, const unsigned char*,
                                 std::size_t, SSL_TICKET_STATUS status, void*) {
    if (status != SSL_TICKET_SUCCESS && status != SSL_TICKET_SUCCESS_RENEW) {
      return SSL_TICKET_RETURN_IGNORE_RENEW;
    }
    const X509* const peer = SSL_SESSION_get0_peer(resumable);
    if (peer != nullptr && not_after(*peer) < context_of(session).clock_.now().wall) {
      return SSL_TICKET_RETURN_IGNORE_RENEW;
    }
    return status == SSL_TICKET_SUCCESS ? SSL_TICKET_RETURN_USE : SSL_TICKET_RETURN_USE_RENEW;
  }

  static void use_for(SSL_CTX& context, TlsContext& own) {
    SSL_CTX_set_app_data(&context, &own);
    SSL_CTX_set_timeout(&context, std::chrono::seconds(TicketKeys::kPeriod).count());
    SSL_CTX_set_tlsext_ticket_key_evp_cb(&context, &set_key);
    SSL_CTX_set_session_ticket_cb(&context, nullptr, &judge, nullptr);
  }
};

/// Makes `context` present the certificate of `pair`. `side` is the prefix of the settings in
/// errors: `side`-cert-file and `side`-key-file.
Done TlsContext::present(ssl_ctx_st& context, const TlsPair& pair, std::string_view side) {
  const std::string cert_setting = fmt::format("{}-cert-file", side);
  const std::string key_setting = fmt::format("{}-key-file", side);
  const auto chain = read_certificates(cert_setting, pair.cert_file);
  if (!chain) return std::unexpected(chain.error());
  const auto pem = read_file(pair.key_file, kMaxPemBytes);
  if (!pem) return bad(key_setting, pair.key_file, pem.error());
  const auto key = parse_private_key(*pem);
  if (!key) return bad(key_setting, pair.key_file, key.error());

  const x509_st& ours = *chain->front();
  if (!belong_together(ours, **key)) {
    return bad(key_setting, pair.key_file,
               fmt::format("does not belong to the certificate in \"{}\"", pair.cert_file));
  }
  if (SSL_CTX_use_certificate(&context, chain->front().get()) != 1) {
    return bad(cert_setting, pair.cert_file, complaint());
  }
  for (auto issuer = chain->begin() + 1; issuer != chain->end(); ++issuer) {
    SSL_CTX_add1_chain_cert(&context, issuer->get());
  }
  if (SSL_CTX_use_PrivateKey(&context, key->get()) != 1) {
    return bad(key_setting, pair.key_file, complaint());
  }
  expiries_.push_back({.file = pair.cert_file, .end = not_after(ours)});
  for (std::string& name : names_of(ours)) by_name_.try_emplace(std::move(name), &context);
  return {};
}

std::expected<TlsContext::Pointer, std::string> TlsContext::for_clients(
    const TlsListenOptions& options) {
  return for_clients(options, kSystemClock);
}

std::expected<TlsContext::Pointer, std::string> TlsContext::for_clients(
    const TlsListenOptions& options, const Clock& clock) {
  std::shared_ptr<TlsContext> made(new TlsContext(clock));
  made->principal_ = options.principal;
  made->verifies_ = options.client_auth != ClientAuth::None;
  for (const TlsPair& pair : options.pairs) {
    SSL_CTX& context = *made->contexts_.emplace_back(SSL_CTX_new(TLS_server_method()));
    set_common_options(context);
    SSL_CTX_set_cipher_list(&context, kListenCiphers);
    SSL_CTX_set_alpn_select_cb(&context, &choose_protocol, nullptr);
    SSL_CTX_set_tlsext_servername_callback(&context, &TlsContext::choose_certificate);
    SSL_CTX_set_tlsext_servername_arg(&context, made.get());
    // Tickets hold all that resumption needs: the server caches no sessions and takes no lock.
    SSL_CTX_set_session_cache_mode(&context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_session_id_context(&context, kSessionIdContext, sizeof kSessionIdContext);
    SSL_CTX_set_num_tickets(&context, 1);
    Tickets::use_for(context, *made);
    if (auto presented = made->present(context, pair, options.cert_settings); !presented) {
      return std::unexpected(std::move(presented).error());
    }
    if (!made->verifies_) continue;
    const int must = options.client_auth == ClientAuth::Required;
    SSL_CTX_set_verify(&context, SSL_VERIFY_PEER | (must * SSL_VERIFY_FAIL_IF_NO_PEER_CERT),
                       nullptr);
    auto trusted = trust(context, options.client_ca_setting, options.client_ca_file, true);
    if (!trusted) return std::unexpected(std::move(trusted).error());
  }
  return made;
}

std::expected<TlsContext::Pointer, std::string> TlsContext::for_upstreams(
    const TlsUpstreamOptions& options) {
  std::shared_ptr<TlsContext> made(new TlsContext(kSystemClock));
  SSL_CTX& context = *made->contexts_.emplace_back(SSL_CTX_new(TLS_client_method()));
  set_common_options(context);
  SSL_CTX_set_alpn_protos(&context, kAlpn, sizeof kAlpn);
  SSL_CTX_set_session_cache_mode(&context,
                                 SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL_STORE);
  SSL_CTX_sess_set_new_cb(&context, &TlsContext::keep_session);
  made->verifies_ = options.verify;
  if (options.verify) {
    SSL_CTX_set_verify(&context, SSL_VERIFY_PEER, nullptr);
    Done trusted;
    if (options.ca_file.empty()) {
      SSL_CTX_set_default_verify_paths(&context);
    } else {
      trusted = trust(context, "--upstream-ca-file", options.ca_file, false);
    }
    if (!trusted) return std::unexpected(std::move(trusted).error());
  }
  if (!options.client.cert_file.empty()) {
    if (auto presented = made->present(context, options.client, "--upstream"); !presented) {
      return std::unexpected(std::move(presented).error());
    }
  }
  return made;
}

TlsSession TlsContext::begin(std::shared_ptr<TlsResumption> resumption) const {
  TlsSession session{.context = shared_from_this(), .resumption = std::move(resumption), .ssl = {}};
  session.ssl.reset(SSL_new(contexts_.front().get()));
  return session;
}

TlsSession TlsContext::accept() const {
  TlsSession session = begin(nullptr);
  SSL_set_accept_state(session.ssl.get());
  return session;
}

TlsSession TlsContext::connect(const std::string& host,
                               std::shared_ptr<TlsResumption> resumption) const {
  TlsSession session = begin(std::move(resumption));
  SSL* const ssl = session.ssl.get();
  SSL_set_connect_state(ssl);
  expect_name(*ssl, host);
  TlsResumption& earlier = *session.resumption;
  if (earlier.context_ != session.context) {
    earlier.context_ = session.context;
    earlier.session_.reset();
  }
  if (earlier.session_) SSL_set_session(ssl, earlier.session_.get());
  SSL_set_ex_data(ssl, resumption_index(), &earlier);
  return session;
}

std::string TlsContext::principal_of(const ssl_st& session) const {
  const X509* const peer = verifies_ ? SSL_get0_peer_certificate(&session) : nullptr;
  if (peer == nullptr || SSL_get_verify_result(&session) != X509_V_OK) return {};
  const auto first = [&](AltName kind) {
    auto names = alt_names(*peer, kind);
    return names.empty() ? std::string{} : std::move(names.front());
  };
  std::string name;
  switch (principal_) {
    case CertificateName::None:
      break;
    case CertificateName::CommonName:
      name = common_name(*peer);
      break;
    case CertificateName::Dns:
      name = first(AltName::Dns);
      break;
    case CertificateName::Email:
      name = first(AltName::Email);
      break;
    case CertificateName::Uri:
      name = first(AltName::Uri);
      break;
  }
  return is_clean_attribute(name) ? name : std::string{};
}

/// Selects the certificate by the name that the client asks for (RFC 6066, section 3). For an
/// unknown name the first one is presented, and the client decides whether to accept it.
int TlsContext::choose_certificate(ssl_st* session, int*, void* self) {
  const char* const asked = SSL_get_servername(session, TLSEXT_NAMETYPE_host_name);
  if (asked == nullptr) return SSL_TLSEXT_ERR_NOACK;
  const TlsContext& own = *static_cast<const TlsContext*>(self);
  const std::string name = lower_case(tls_name(asked));
  auto found = own.by_name_.find(name);
  if (found == own.by_name_.end()) {
    const std::size_t dot = name.find('.');
    if (dot == std::string::npos) return SSL_TLSEXT_ERR_NOACK;
    found = own.by_name_.find("*" + name.substr(dot));
  }
  if (found == own.by_name_.end()) return SSL_TLSEXT_ERR_NOACK;
  SSL_set_SSL_CTX(session, found->second);
  return SSL_TLSEXT_ERR_OK;
}

/// Called with each session that can be resumed; with TLS 1.3 some time after the handshake.
/// Returns 1 to take over its ownership.
int TlsContext::keep_session(ssl_st* session, ssl_session_st* resumable) {
  static_cast<TlsResumption*>(SSL_get_ex_data(session, resumption_index()))
      ->session_.reset(resumable);
  return 1;
}

}  // namespace osproxy
