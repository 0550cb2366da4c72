#include "osproxy/tls/context.h"

#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include "osproxy/core/manual_clock.h"
#include "tests/support/temp_dir.h"
#include "tests/support/test_pki.h"
#include "tests/tls/tls_pair.h"

namespace osproxy {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

class TlsContextTest : public testing::Test {
 protected:
  std::string error_of(const TlsListenOptions& listen) {
    const auto made = TlsContext::for_clients(listen);
    return made ? "accepted" : made.error();
  }

  TlsContext::Pointer listener(TlsListenOptions listen) {
    const auto made = TlsContext::for_clients(listen);
    EXPECT_TRUE(made) << made.error();
    return *made;
  }

  TlsContext::Pointer connector(TlsUpstreamOptions upstream) {
    const auto made = TlsContext::for_upstreams(upstream);
    EXPECT_TRUE(made) << made.error();
    return *made;
  }

  TlsContext::Pointer connector() { return connector({.ca_file = ca.file()}); }

  /// The result of a handshake in which the client connects to `host`.
  std::unique_ptr<TlsPeers> meet(const TlsContext& from, const TlsContext& to,
                                 const std::string& host = "localhost") {
    auto peers = std::make_unique<TlsPeers>(from.connect(host, resumption), to.accept());
    peers->shake_hands();
    return peers;
  }

  /// The fault that the client sees; nullopt if the handshake succeeded.
  std::optional<TlsFailure> failure(const TlsListenOptions& listen, const std::string& host) {
    const auto peers = meet(*connector(), *listener(listen), host);
    if (!peers->client.fault()) return std::nullopt;
    return peers->client.fault()->failure;
  }

  std::string principal(const TestSubject& subject, CertificateName from) {
    const auto to = listener({.pairs = {ca.issue("server")},
                              .client_ca_file = ca.file(),
                              .client_auth = ClientAuth::Required,
                              .principal = from});
    const auto peers =
        meet(*connector({.ca_file = ca.file(), .client = ca.issue("who", subject)}), *to);
    EXPECT_TRUE(peers->server.is_established());
    return peers->server.principal();
  }

  TempDir dir;
  TestAuthority ca{dir.path(), "ca"};
  TestAuthority other_ca{dir.path(), "other-ca"};
  std::shared_ptr<TlsResumption> resumption = std::make_shared<TlsResumption>();
};

TEST_F(TlsContextTest, NameTheFileThatCannotBeUsedAndTheReason) {
  const TlsPair pair = ca.issue("server");
  const TlsPair other = ca.issue("other");
  const std::string nowhere = dir.path() / "nowhere";
  EXPECT_THAT(error_of({.pairs = {{nowhere, pair.key_file}}}),
              HasSubstr("--tls-cert-file: \"" + nowhere + "\" cannot be read: No such"));
  EXPECT_THAT(error_of({.pairs = {{pair.cert_file, nowhere}}}),
              HasSubstr("--tls-key-file: \"" + nowhere + "\" cannot be read: No such"));
  EXPECT_THAT(error_of({.pairs = {{pair.key_file, pair.key_file}}}),
              HasSubstr("server.key\" holds no certificate in PEM format"));
  EXPECT_THAT(error_of({.pairs = {{pair.cert_file, pair.cert_file}}}),
              HasSubstr("server.crt\" holds no private key in PEM format"));
  EXPECT_THAT(error_of({.pairs = {{pair.cert_file, other.key_file}}}),
              HasSubstr("other.key\" does not belong to the certificate in \"" + pair.cert_file));
  EXPECT_THAT(
      error_of(
          {.pairs = {pair}, .client_ca_file = pair.key_file, .client_auth = ClientAuth::Required}),
      HasSubstr("--tls-client-ca-file: \"" + pair.key_file + "\" holds no certificate"));
  encrypt_key(pair.key_file);
  EXPECT_THAT(error_of({.pairs = {pair}}),
              HasSubstr("server.key\" is encrypted: a key with a passphrase cannot be used"));
}

TEST_F(TlsContextTest, KnowWhenTheirCertificatesExpire) {
  const auto context = listener({.pairs = {ca.issue("old", {.life = -1h}), ca.issue("new")}});
  const auto now = std::chrono::system_clock::now();
  ASSERT_EQ(context->expiries().size(), 2u);
  EXPECT_THAT(context->expiries()[0].file, HasSubstr("old.crt"));
  EXPECT_LT(context->expiries()[0].end, now);
  EXPECT_GT(context->expiries()[1].end, now);
}

TEST_F(TlsContextTest, VerifyANodesCertificate) {
  EXPECT_EQ(failure({.pairs = {ca.issue("a")}}, "localhost"), std::nullopt);
  EXPECT_EQ(failure({.pairs = {ca.issue("a")}}, "127.0.0.1"), std::nullopt);
  EXPECT_EQ(failure({.pairs = {ca.issue("a")}}, "a.example"), TlsFailure::WrongName);
  EXPECT_EQ(failure({.pairs = {ca.issue("a")}}, "127.0.0.2"), TlsFailure::WrongName);
  EXPECT_EQ(failure({.pairs = {other_ca.issue("a")}}, "localhost"), TlsFailure::Untrusted);
  EXPECT_EQ(failure({.pairs = {ca.issue("a", {.life = -1h})}}, "localhost"), TlsFailure::Expired);
}

TEST_F(TlsContextTest, VerifyAFullyQualifiedNameWithoutItsDot) {
  EXPECT_EQ(failure({.pairs = {ca.issue("a")}}, "localhost."), std::nullopt);
}

// RFC 9525, section 6.3.
TEST_F(TlsContextTest, AcceptNoNodeByItsCommonName) {
  const TlsListenOptions one{
      .pairs = {ca.issue("b", {.common_names = {"b.example"}, .alt_names = ""})}};
  EXPECT_EQ(failure(one, "b.example"), TlsFailure::WrongName);
}

TEST_F(TlsContextTest, AcceptAnyCertificateOfANodeIfTheOptionSaysSo) {
  const auto to = listener({.pairs = {other_ca.issue("a", {.life = -1h})}});
  EXPECT_TRUE(meet(*connector({.verify = false}), *to, "a.example")->client.is_established());
}

TEST_F(TlsContextTest, ChooseTheCertificateByTheRequestedName) {
  const TlsListenOptions both{.pairs = {ca.issue("a", {.alt_names = "DNS:a.example"}),
                                        ca.issue("b", {.alt_names = "DNS:*.b.example"})}};
  EXPECT_EQ(failure(both, "a.example"), std::nullopt);
  EXPECT_EQ(failure(both, "A.Example"), std::nullopt);
  EXPECT_EQ(failure(both, "x.b.example"), std::nullopt);
  EXPECT_EQ(failure(both, "x.y.b.example"), TlsFailure::WrongName) << "the first one's";
  EXPECT_EQ(failure(both, "b.example"), TlsFailure::WrongName);
}

TEST_F(TlsContextTest, ChooseACertificateWithoutAlternativeNamesByItsCommonName) {
  const TlsListenOptions both{
      .pairs = {ca.issue("a"),
                other_ca.issue("b", {.common_names = {"b.example"}, .alt_names = ""})}};
  EXPECT_EQ(failure(both, "b.example"), TlsFailure::Untrusted);
}

TEST_F(TlsContextTest, RequestClientCertificatesWithEveryServerCertificate) {
  const auto to = listener({.pairs = {ca.issue("a"), ca.issue("b", {.alt_names = "DNS:b.example"})},
                            .client_ca_file = ca.file(),
                            .client_auth = ClientAuth::Required});
  for (const char* name : {"localhost", "b.example"}) {
    const auto without = meet(*connector(), *to, name);
    ASSERT_TRUE(without->server.fault()) << name;
    EXPECT_EQ(without->server.fault()->failure, TlsFailure::NoCertificate);
    const auto with =
        meet(*connector({.ca_file = ca.file(), .client = ca.issue("ana")}), *to, name);
    EXPECT_EQ(with->server.principal(), "ana");
  }
}

TEST_F(TlsContextTest, RefuseAnInvalidClientCertificate) {
  const auto to = listener({.pairs = {ca.issue("server")},
                            .client_ca_file = ca.file(),
                            .client_auth = ClientAuth::Optional});
  const auto failure_of = [&](const TlsPair& client) {
    return meet(*connector({.ca_file = ca.file(), .client = client}), *to)->server.fault()->failure;
  };
  EXPECT_EQ(failure_of(other_ca.issue("ana")), TlsFailure::Untrusted);
  EXPECT_EQ(failure_of(ca.issue("ana", {.life = -1h})), TlsFailure::Expired);
}

TEST_F(TlsContextTest, AcceptNoCertificateIfItIsOptional) {
  const auto to = listener({.pairs = {ca.issue("server")},
                            .client_ca_file = ca.file(),
                            .client_auth = ClientAuth::Optional});
  const auto peers = meet(*connector(), *to);
  EXPECT_TRUE(peers->server.is_established());
  EXPECT_EQ(peers->server.principal(), "");
}

TEST_F(TlsContextTest, ReadThePrincipalFromTheConfiguredName) {
  const TestSubject ana{.common_names = {"people", "ana"},
                        .alt_names =
                            "DNS:one,DNS:two,email:ana@example.com,"
                            "URI:spiffe://example.com/ana"};
  EXPECT_EQ(principal(ana, CertificateName::CommonName), "ana");
  EXPECT_EQ(principal(ana, CertificateName::Dns), "one");
  EXPECT_EQ(principal(ana, CertificateName::Email), "ana@example.com");
  EXPECT_EQ(principal(ana, CertificateName::Uri), "spiffe://example.com/ana");
  EXPECT_EQ(principal(ana, CertificateName::None), "");
  EXPECT_EQ(principal({.alt_names = "DNS:one"}, CertificateName::Email), "");
}

TEST_F(TlsContextTest, IgnoreAPrincipalWithControlCharacters) {
  EXPECT_EQ(principal({.common_names = {std::string("ana\0x", 5)}}, CertificateName::CommonName),
            "");
  EXPECT_EQ(principal({.common_names = {"ana\n"}}, CertificateName::CommonName), "");
}

TEST_F(TlsContextTest, ResumeASessionWithItsPrincipal) {
  const auto from = connector({.ca_file = ca.file(), .client = ca.issue("ana")});
  const auto to = listener({.pairs = {ca.issue("server")},
                            .client_ca_file = ca.file(),
                            .client_auth = ClientAuth::Required});
  const auto first = meet(*from, *to);
  first->client_reads();  // the ticket
  EXPECT_FALSE(first->client.is_resumed());
  const auto second = meet(*from, *to);
  EXPECT_TRUE(second->client.is_resumed());
  EXPECT_TRUE(second->server.is_resumed());
  EXPECT_EQ(second->server.principal(), "ana");
}

TEST_F(TlsContextTest, RenewTheKeysOfTicketsAsTimePasses) {
  ManualClock clock;
  const auto to = TlsContext::for_clients({.pairs = {ca.issue("server")}}, clock).value();
  const auto from = connector();
  std::vector<std::unique_ptr<TlsPeers>> open;  // OpenSSL resumes none that ended abruptly
  const auto is_resumed_after = [&](std::chrono::minutes pause) {
    clock.advance(pause);
    open.push_back(meet(*from, *to));
    open.back()->client_reads();  // the next ticket
    return open.back()->server.is_resumed();
  };
  EXPECT_FALSE(is_resumed_after(std::chrono::minutes{0}));
  EXPECT_TRUE(is_resumed_after(std::chrono::minutes{59}));
  EXPECT_TRUE(is_resumed_after(std::chrono::minutes{60})) << "by the older key";
  EXPECT_FALSE(is_resumed_after(std::chrono::minutes{121})) << "no key is kept for so long";
  EXPECT_TRUE(is_resumed_after(std::chrono::minutes{1}));
}

TEST_F(TlsContextTest, ResumeNoSessionOfAnExpiredCertificate) {
  ManualClock clock(SystemClock().now());
  const auto to = TlsContext::for_clients({.pairs = {ca.issue("server")},
                                           .client_ca_file = ca.file(),
                                           .client_auth = ClientAuth::Required},
                                          clock)
                      .value();
  const auto from = connector({.ca_file = ca.file(), .client = ca.issue("ana")});
  const auto first = meet(*from, *to);
  first->client_reads();
  const auto second = meet(*from, *to);
  EXPECT_TRUE(second->server.is_resumed());
  second->client_reads();
  clock.jump_wall(std::chrono::hours{2});  // the certificate is valid for one
  EXPECT_FALSE(meet(*from, *to)->server.is_resumed());
}

TEST_F(TlsContextTest, ResumeNoSessionOfAnEarlierContext) {
  const auto pair = ca.issue("server");
  const auto from = connector();
  meet(*from, *listener({.pairs = {pair}}))->client_reads();
  const auto second = meet(*from, *listener({.pairs = {pair}}));
  EXPECT_TRUE(second->client.is_established());
  EXPECT_FALSE(second->server.is_resumed());

  const auto to = listener({.pairs = {pair}});
  meet(*from, *to)->client_reads();
  EXPECT_FALSE(meet(*connector(), *to)->client.is_resumed()) << "of other CAs, perhaps";
}

/// A plain OpenSSL client, with options that TlsContext never sets.
class OddClient {
 public:
  OddClient() : context_(SSL_CTX_new(TLS_client_method()), &SSL_CTX_free) {}

  SSL_CTX* operator->() { return context_.get(); }
  SSL_CTX* get() { return context_.get(); }

  std::unique_ptr<TlsPeers> meet(const TlsContext& to) {
    TlsSession session{.context = nullptr, .resumption = nullptr, .ssl = {}};
    session.ssl.reset(SSL_new(context_.get()));
    SSL_set_connect_state(session.ssl.get());
    auto peers = std::make_unique<TlsPeers>(std::move(session), to.accept());
    peers->shake_hands();
    return peers;
  }

 private:
  std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context_;
};

TEST_F(TlsContextTest, SpeakTls12And13Only) {
  const auto to = listener({.pairs = {ca.issue("server")}});
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    OddClient client;
    SSL_CTX_set_max_proto_version(client.get(), version);
    EXPECT_TRUE(client.meet(*to)->server.is_established()) << version;
  }
  OddClient old;
  SSL_CTX_set_security_level(old.get(), 0);
  SSL_CTX_set_min_proto_version(old.get(), TLS1_VERSION);
  SSL_CTX_set_max_proto_version(old.get(), TLS1_1_VERSION);
  EXPECT_EQ(old.meet(*to)->server.fault()->failure, TlsFailure::Incompatible);
}

TEST_F(TlsContextTest, HaveNoCipherWithoutForwardSecrecy) {
  OddClient client;
  SSL_CTX_set_max_proto_version(client.get(), TLS1_2_VERSION);
  SSL_CTX_set_cipher_list(client.get(), "ECDHE-ECDSA-AES128-SHA:AES128-GCM-SHA256");
  const auto to = listener({.pairs = {ca.issue("server")}});
  EXPECT_EQ(client.meet(*to)->server.fault()->failure, TlsFailure::Incompatible);
}

TEST_F(TlsContextTest, NegotiateHttp11OrNothingByAlpn) {
  const auto to = listener({.pairs = {ca.issue("server")}});
  OddClient http2;
  SSL_CTX_set_alpn_protos(http2.get(), reinterpret_cast<const unsigned char*>("\2h2"), 3);
  EXPECT_EQ(http2.meet(*to)->server.fault()->failure, TlsFailure::Incompatible);
  OddClient both;
  SSL_CTX_set_alpn_protos(both.get(), reinterpret_cast<const unsigned char*>("\2h2\10http/1.1"),
                          12);
  EXPECT_TRUE(both.meet(*to)->server.is_established());
}

}  // namespace
}  // namespace osproxy
