#include "osproxy/core/pem.h"

#include <string>

#include <gtest/gtest.h>
#include <openssl/err.h>

namespace osproxy {
namespace {

const std::string kCertificate = R"(-----BEGIN CERTIFICATE-----
MIIBLjCB4aADAgECAhQF6NvYTibRpfDzprSMN8Xxiq98tjAFBgMrZXAwDDEKMAgG
A1UEAwwBYTAgFw0yNjExMjUxMDQ2NTFaGA8yMTI2MTEwMTEwNDY1MVowDDEKMAgG
A1UEAwwBYTAqMAUGAytlcAMhAFWENy/QoZ2aoT61YzU+G4k1TKzSgYxvF94ZR3N5
T92so1MwUTAdBgNVHQ4EFgQU+WJbtCk3MNt+a5jmVbWKukhOZZ4wHwYDVR0jBBgw
FoAU+WJbtCk3MNt+a5jmVbWKukhOZZ4wDwYDVR0TAQH/BAUwAwEB/zAFBgMrZXAD
QQBXJZG4RtUwVPvxAX4tzcL+his++rFHu0YMezLG215tNeWWIgCM5BvFsFUFSde2
JQK/AIHrwZpiD8ks65cRRvAJ
-----END CERTIFICATE-----
)";

const std::string kItsKey = R"(-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEINeDNLKma8NfBo4zYaDp1N1UhS5O60uFuasGQ2+TmXFy
-----END PRIVATE KEY-----
)";

const std::string kOtherKey = R"(-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIDTBbcs2V+HCTvO+ft2j7EYWD54lJo1/hxbH5JqpvL2r
-----END PRIVATE KEY-----
)";

/// kItsKey, with a passphrase.
const std::string kEncryptedKey = R"(-----BEGIN ENCRYPTED PRIVATE KEY-----
MIGaMFYGCSqGSIb3DQEFDTBJMCgGCSqGSIb3DQEFDDAbBAgNnaKKHSwfhwIBATAM
BggqhkiG9w0CCQUAMB0GCWCGSAFlAwQBKgQQ8mphXbDbZOQdA/vUlFf4hgRAfATJ
oYVVmGNibPOySNkcvd0mlQK4IAqLPqHh3/FgmXL2y2kTMLBv/CqyYi/nl3AkiieS
nuHDFsgcGZbSHg5akQ==
-----END ENCRYPTED PRIVATE KEY-----
)";

TEST(Pem, HasCertificatesInTheirOrderAndSkipsWhatIsBetween) {
  EXPECT_EQ(parse_certificates(kCertificate).size(), 1u);
  EXPECT_EQ(
      parse_certificates("subject: a\n" + kCertificate + "and another\n" + kCertificate).size(),
      2u);
  EXPECT_TRUE(parse_certificates("").empty());
  EXPECT_TRUE(parse_certificates(kItsKey).empty());
}

TEST(Pem, TellsWhetherACertificateAndAKeyBelongTogether) {
  const auto certificates = parse_certificates(kCertificate);
  ASSERT_EQ(certificates.size(), 1u);
  EXPECT_TRUE(belong_together(*certificates.front(), **parse_private_key(kItsKey)));
  EXPECT_FALSE(belong_together(*certificates.front(), **parse_private_key(kOtherKey)));
}

TEST(Pem, SaysWhatIsWrongWithAKey) {
  EXPECT_EQ(parse_private_key(kCertificate).error(), "holds no private key in PEM format");
  EXPECT_EQ(parse_private_key(kEncryptedKey).error(),
            "is encrypted: a key with a passphrase cannot be used");
}

TEST(Pem, LeavesNothingOnTheErrorQueue) {
  parse_certificates("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
  EXPECT_EQ(ERR_peek_error(), 0u);
  EXPECT_FALSE(parse_private_key("nothing"));
  EXPECT_EQ(ERR_peek_error(), 0u);
}

}  // namespace
}  // namespace osproxy
