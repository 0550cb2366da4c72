#include "osproxy/identify/attributes.h"

#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "osproxy/core/attribute_text.h"
#include "osproxy/core/ids.h"
#include "osproxy/identify/classify.h"

namespace osproxy {
namespace {

constexpr std::string_view kTrace = "4bf92f3577b34da6a3ce929d0e0e4736";
constexpr std::string_view kTraceParent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

class RequestAttributesTest : public testing::Test {
 protected:
  using HeaderList = std::initializer_list<std::pair<std::string_view, std::string_view>>;

  RequestAttributes read(HeaderList headers, std::string_view target = "/logs-%2A/_search") {
    head_.method = "POST";
    head_.target = target;
    head_.headers.clear();
    for (const auto& [name, value] : headers) {
      head_.headers.push_back({.name = name, .value = value, .line = {}});
    }
    return read_attributes(head_,
                           {.tenant = tenant_,
                            .identities = identities_,
                            .hasher = hasher_,
                            .certificate_principal = certificate_,
                            .connection = connection_,
                            .trusted = trusted_},
                           random_, scratch_);
  }

  std::string_view tenant(std::string_view value) {
    return read({{"X-Tenant-Id", value}}).matched.tenant;
  }
  std::string_view principal(std::string_view authorization) {
    return read({{"Authorization", authorization}}).matched.principal;
  }
  std::string_view trace_id(std::string_view parent) {
    return read({{"traceparent", parent}}).trace.trace_id;
  }

  void know(std::string_view tokens, std::string_view tenants = "") {
    auto known = Identities::parse({.tokens = tokens, .tenants = tenants});
    ASSERT_TRUE(known) << known.error();
    identities_ = *std::move(known);
  }

  TenantRule tenant_ = TenantRule::of_header("X-Tenant-Id");
  Identities identities_;
  TokenHasher hasher_;
  std::string_view certificate_;
  ClientAddress connection_{.text = "10.0.0.5", .address = IpAddress::of_v4({10, 0, 0, 5})};
  std::span<const Cidr> trusted_;
  http::RequestHead head_;
  Random random_{1};
  AttributeScratch scratch_;
};

TEST_F(RequestAttributesTest, TheClientIsTheConnectionsAddress) {
  const auto found = read({{"X-Forwarded-For", "192.0.2.9"}, {"Forwarded", "for=192.0.2.9"}});
  EXPECT_EQ(found.matched.client, "10.0.0.5");
  EXPECT_EQ(found.matched.client_address, connection_.address);
}

TEST_F(RequestAttributesTest, ATrustedProxyNamesTheClient) {
  const std::vector<Cidr> trusted{*parse_cidr("10.0.0.0/8")};
  trusted_ = trusted;
  const auto found = read({{"X-Forwarded-For", "198.51.100.1, 192.0.2.9"}});
  EXPECT_EQ(found.matched.client, "192.0.2.9");
  EXPECT_EQ(found.matched.client_address, IpAddress::of_v4({192, 0, 2, 9}));
  EXPECT_EQ(read({}).matched.client, "10.0.0.5");
}

TEST_F(RequestAttributesTest, AgentAndOpaqueIdAreTheClients) {
  const auto found = read({{"user-agent", "opensearch-py/2.4 (secret)"}, {"X-OPAQUE-ID", "job 7"}});
  EXPECT_EQ(found.matched.agent, "opensearch-py/2.4");
  EXPECT_EQ(found.matched.opaque_id, "job 7");
  EXPECT_TRUE(found.has_opaque_id);
}

TEST_F(RequestAttributesTest, AnAmbiguousOrDirtyNameIsLeftOut) {
  const std::string long_id(kMaxAttributeBytes + 1, 'x');
  EXPECT_EQ(read({{"X-Opaque-Id", long_id}}).matched.opaque_id, "");
  EXPECT_EQ(read({{"X-Opaque-Id", "a\x1b[31m"}}).matched.opaque_id, "");
  EXPECT_EQ(read({{"X-Opaque-Id", "a"}, {"X-Opaque-Id", "a"}}).matched.opaque_id, "");
  EXPECT_EQ(read({{"User-Agent", "a"}, {"User-Agent", "a"}}).matched.agent, "");
  EXPECT_EQ(read({{"User-Agent", "\x1b[31m"}}).matched.agent, "");
}

std::string base64(std::string_view bytes) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  unsigned bits = 0;
  unsigned bit_count = 0;
  for (const char byte : bytes) {
    bits = bits << 8 | static_cast<unsigned char>(byte);
    for (bit_count += 8; bit_count >= 6; bit_count -= 6) {
      text += kDigits[bits >> (bit_count - 6) & 0x3f];
    }
  }
  if (bit_count > 0) text += kDigits[bits << (6 - bit_count) & 0x3f];
  while (text.size() % 4 != 0) text += '=';
  return text;
}

std::string basic(std::string_view credentials) { return "Basic " + base64(credentials); }

TEST_F(RequestAttributesTest, AreEmptyForABareRequest) {
  const RequestAttributes found = read({});
  EXPECT_EQ(found.matched.tenant, "");
  EXPECT_EQ(found.matched.principal, "");
  EXPECT_EQ(found.trace.trace_id, "");
  EXPECT_FALSE(found.has_opaque_id);
}

TEST_F(RequestAttributesTest, HoldTheClassification) {
  const RequestAttributes found = read({});
  EXPECT_EQ(found.matched.endpoint, Endpoint::Search);
  EXPECT_EQ(found.matched.index, "logs-*");
}

TEST_F(RequestAttributesTest, TakeTheTenantFromTheConfiguredHeader) {
  tenant_ = TenantRule::of_header("X-Org");
  EXPECT_EQ(read({{"x-org", "acme"}}).matched.tenant, "acme");
  EXPECT_EQ(read({{"X-Tenant-Id", "acme"}}).matched.tenant, "");
  tenant_ = TenantRule();
  EXPECT_EQ(read({{"X-Tenant-Id", "acme"}}).matched.tenant, "");
}

TEST_F(RequestAttributesTest, TakeTheTenantFromAHeaderWithAnotherUseToo) {
  tenant_ = TenantRule::of_header("x-opaque-id");
  const RequestAttributes found = read({{"X-Opaque-Id", "acme"}});
  EXPECT_EQ(found.matched.tenant, "acme");
  EXPECT_TRUE(found.has_opaque_id);
}

TEST_F(RequestAttributesTest, LeaveOutATenantThatIsAmbiguous) {
  EXPECT_EQ(read({{"X-Tenant-Id", "acme"}, {"x-tenant-id", "other"}}).matched.tenant, "");
  EXPECT_EQ(read({{"X-Tenant-Id", "acme"}, {"X-Tenant-Id", "acme"}}).matched.tenant, "");
  EXPECT_EQ(read({{"X-Tenant-Id", ""}, {"X-Tenant-Id", "acme"}}).matched.tenant, "");
}

TEST_F(RequestAttributesTest, LeaveOutATenantThatIsTooLongOrHasControlCharacters) {
  const std::string longest(kMaxAttributeBytes, 't');
  EXPECT_EQ(tenant(longest), longest);
  EXPECT_EQ(tenant(longest + "t"), "");
  EXPECT_EQ(tenant("ac\tme"), "");
  EXPECT_EQ(tenant("\x1b[31macme"), "");
  EXPECT_EQ(tenant("acme\x7f"), "");
  EXPECT_EQ(tenant(std::string_view("ac\0me", 5)), "");
  EXPECT_EQ(tenant("\xC3\xA4"
                   "cme"),
            "\xC3\xA4"
            "cme");
}

TEST_F(RequestAttributesTest, TakeTheUserOfBasicCredentials) {
  EXPECT_EQ(principal(basic("ana:secret")), "ana");
  EXPECT_EQ(principal(basic("ana:")), "ana");
  EXPECT_EQ(principal(basic("ana:a:b")), "ana");
  EXPECT_EQ(principal(basic("a:x")), "a");
  EXPECT_EQ(principal(basic("ana maria:secret")), "ana maria");
  EXPECT_EQ(principal("basic " + base64("ana:secret")), "ana");
  EXPECT_EQ(principal("BASIC   " + base64("ana:secret")), "ana");
  EXPECT_EQ(principal(basic("\xC3\xA4na:secret")), "\xC3\xA4na");
  EXPECT_EQ(principal(basic("ana:\x01\xff\xfe")), "ana");
}

TEST_F(RequestAttributesTest, TakeNoUserFromOtherSchemes) {
  EXPECT_EQ(principal("Bearer " + base64("ana:secret")), "");
  EXPECT_EQ(principal("Basic"), "");
  EXPECT_EQ(principal("Basic "), "");
  EXPECT_EQ(principal("Basic" + base64("ana:secret")), "");
  EXPECT_EQ(principal("Basic\t" + base64("ana:secret")), "");
  EXPECT_EQ(principal("Basics " + base64("ana:secret")), "");
  EXPECT_EQ(principal(""), "");
}

TEST_F(RequestAttributesTest, TakeNoUserFromCredentialsThatAreNotStrictBase64) {
  ASSERT_EQ(base64("ana:b"), "YW5hOmI=");
  EXPECT_EQ(principal("Basic YW5hOmI="), "ana");
  EXPECT_EQ(principal("Basic YW5hOmI"), "ana");    // no padding, which OpenSearch takes
  EXPECT_EQ(principal("Basic YW5hOm"), "");        // half a byte of unused bits
  EXPECT_EQ(principal("Basic YW5hO"), "");         // a digit that is no byte
  EXPECT_EQ(principal("Basic YW5hOmI=="), "");     // too much padding
  EXPECT_EQ(principal("Basic YW5hOmJ="), "");      // unused bits
  EXPECT_EQ(principal("Basic YW5hOm="), "");       // no multiple of four
  EXPECT_EQ(principal("Basic YW5h=mI="), "");      // padding within
  EXPECT_EQ(principal("Basic YW5hOmI=YW5h"), "");  // bytes after the padding
  EXPECT_EQ(principal("Basic YW5h OmI="), "");     // white space
  EXPECT_EQ(principal("Basic YW5hOm-_"), "");      // the URL-safe alphabet
  EXPECT_EQ(principal("Basic ===="), "");
  EXPECT_EQ(principal("Basic YW5hOmI=, x"), "");
}

TEST_F(RequestAttributesTest, TakeNoInvalidUser) {
  EXPECT_EQ(principal(basic("ana")), "");  // no colon: it could be a secret
  EXPECT_EQ(principal(basic(":secret")), "");
  EXPECT_EQ(principal(basic("a\nna:secret")), "");
  EXPECT_EQ(principal(basic(std::string_view("a\0na:secret", 11))), "");
  const std::string longest(kMaxAttributeBytes, 'p');
  EXPECT_EQ(principal(basic(longest + ":secret")), longest);
  EXPECT_EQ(principal(basic(longest + "p:secret")), "");
  const std::string credentials = basic("ana:secret");
  EXPECT_EQ(
      read({{"Authorization", credentials}, {"authorization", credentials}}).matched.principal, "");
}

TEST_F(RequestAttributesTest, NeverKeepThePassword) {
  scratch_.principal.assign(256, '.');
  for (const std::string_view credentials : {"ana:hunter2", ":hunter2", "a\nna:hunter2"}) {
    read({{"Authorization", basic(credentials)}});
    // All memory of the scratch, not only the used part.
    const std::string_view memory(scratch_.principal.data(), scratch_.principal.capacity());
    EXPECT_EQ(memory.find("hunter2"), std::string_view::npos);
    EXPECT_NE(memory.find("...."), std::string_view::npos);  // so it is the right memory
  }
}

TEST_F(RequestAttributesTest, KeepNothingOfTheRequestBefore) {
  ASSERT_EQ(principal(basic("ana:secret")), "ana");
  EXPECT_EQ(principal("Basic !"), "");
  EXPECT_EQ(principal("Bearer x"), "");
}

// SHA-256 of "s3cret-token".
constexpr std::string_view kTokenOfAna =
    "ana a81e611a041b13f078bf8ebe5dab4d4fd63fcc5594661c918bec093a2f416a7e\n";

TEST_F(RequestAttributesTest, KnowThePrincipalOfAKnownToken) {
  know(kTokenOfAna);
  for (const std::string_view sent : {"Bearer s3cret-token", "bearer   s3cret-token"}) {
    const RequestAttributes found = read({{"Authorization", sent}});
    EXPECT_EQ(found.matched.principal, "ana");
    EXPECT_TRUE(found.principal_verified);
  }
  for (const std::string_view sent :
       {"Bearer s3cret-toke", "Bearer s3cret-token ,", "Bearer", "Bearer ", "s3cret-token",
        "Bearer a81e611a041b13f078bf8ebe5dab4d4fd63fcc5594661c918bec093a2f416a7e"}) {
    const RequestAttributes found = read({{"Authorization", sent}});
    EXPECT_EQ(found.matched.principal, "") << sent;
    EXPECT_FALSE(found.principal_verified) << sent;
  }
}

TEST_F(RequestAttributesTest, MarkAUserAsUnverifiedAlsoWithKnownTokens) {
  know(kTokenOfAna);
  const RequestAttributes found = read({{"Authorization", basic("ana:secret")}});
  EXPECT_EQ(found.matched.principal, "ana");
  EXPECT_FALSE(found.principal_verified);
}

TEST_F(RequestAttributesTest, PreferTheClientCertificate) {
  know(kTokenOfAna);
  certificate_ = "CN=indexer";
  const RequestAttributes found = read({{"Authorization", "Bearer s3cret-token"}});
  EXPECT_EQ(found.matched.principal, "CN=indexer");
  EXPECT_TRUE(found.principal_verified);
}

TEST_F(RequestAttributesTest, DoNotPointIntoIdentitiesThatAReloadReplaces) {
  tenant_ = TenantRule::of_principal();
  know(kTokenOfAna, "ana acme\n");
  const RequestAttributes found = read({{"Authorization", "Bearer s3cret-token"}});
  identities_ = Identities();
  EXPECT_EQ(found.matched.principal, "ana");
  EXPECT_EQ(found.matched.tenant, "acme");
}

TEST_F(RequestAttributesTest, TakeTheTenantOfThePrincipal) {
  tenant_ = TenantRule::of_principal();
  know("", "ana acme\nCN=a b, O=c  other\n");
  EXPECT_EQ(read({{"Authorization", basic("ana:secret")}, {"X-Tenant-Id", "x"}}).matched.tenant,
            "acme");
  EXPECT_EQ(read({{"Authorization", basic("bob:secret")}}).matched.tenant, "");
  EXPECT_EQ(read({}).matched.tenant, "");
  certificate_ = "CN=a b, O=c";
  EXPECT_EQ(read({}).matched.tenant, "other");
}

TEST_F(RequestAttributesTest, TakeTheTenantFromThePathAndClassifyTheRest) {
  tenant_ = *TenantRule::of_path("/t/{tenant}");
  const RequestAttributes found = read({{"X-Tenant-Id", "x"}}, "/t/ac%6De/logs-%2A/_search?q=%2F");
  EXPECT_EQ(found.matched.tenant, "acme");
  EXPECT_EQ(found.matched.index, "logs-*");
  EXPECT_EQ(found.matched.endpoint, Endpoint::Search);
  const RequestAttributes absolute = read({}, "http://h/t/acme/orders/_search");
  EXPECT_EQ(absolute.matched.tenant, "acme");
  EXPECT_EQ(absolute.matched.index, "orders");
  EXPECT_EQ(read({}, "/orders/_search").matched.tenant, "");
  EXPECT_EQ(read({}, "/orders/_search").matched.index, "orders");
  EXPECT_EQ(read({}, "/t/ac%0Ame/orders/_search").matched.tenant, "");
  EXPECT_EQ(read({}, "/t/%zz/orders/_search").matched.tenant, "");
  EXPECT_EQ(read({}, "/t/" + std::string(kMaxAttributeBytes + 1, 't')).matched.tenant, "");
}

TEST_F(RequestAttributesTest, TakeTheTenantFromTheIndices) {
  tenant_ = *TenantRule::of_index("{tenant}-*");
  EXPECT_EQ(read({}, "/acme-logs/_search").matched.tenant, "acme");
  EXPECT_EQ(read({}, "/acme-a,acme-b/_search").matched.tenant, "acme");
  EXPECT_EQ(read({}, "/acme-a,other-b/_search").matched.tenant, "");
  EXPECT_EQ(read({{"X-Tenant-Id", "x"}}, "/_search").matched.tenant, "");
}

TEST_F(RequestAttributesTest, KeepAWellFormedRequestId) {
  EXPECT_EQ(read({{"x-request-id", "Order.1_2:3-4"}}).request_id, "Order.1_2:3-4");
}

TEST_F(RequestAttributesTest, ReplaceAnInvalidRequestId) {
  const std::string too_long(kMaxRequestIdSize + 1, 'a');
  for (const std::string_view sent : {"", "a b", "a\"b", "a/b", "a\x01", too_long.c_str()}) {
    const std::string_view id = read({{"X-Request-Id", sent}}).request_id;
    EXPECT_NE(id, sent);
    EXPECT_EQ(id.size(), kRequestIdSize);
    EXPECT_TRUE(is_well_formed_request_id(id));
  }
  const RequestAttributes twice = read({{"X-Request-Id", "a"}, {"X-Request-ID", "b"}});
  EXPECT_EQ(twice.request_id.size(), kRequestIdSize);
}

TEST_F(RequestAttributesTest, MakeADifferentRequestIdEachTime) {
  const std::string first(read({}).request_id);
  EXPECT_NE(read({}).request_id, first);
}

TEST_F(RequestAttributesTest, SeeEveryOpaqueId) {
  EXPECT_TRUE(read({{"x-opaque-id", "a"}}).has_opaque_id);
  EXPECT_TRUE(read({{"X-Opaque-Id", ""}}).has_opaque_id);
  EXPECT_TRUE(read({{"X-Opaque-Id", "a"}, {"X-Opaque-Id", "b"}}).has_opaque_id);
}

TEST_F(RequestAttributesTest, TakeTheTraceIdOfAValidTraceParent) {
  EXPECT_EQ(trace_id(kTraceParent), kTrace);
  EXPECT_EQ(trace_id("fe" + std::string(kTraceParent.substr(2))), kTrace);
  EXPECT_EQ(trace_id("01" + std::string(kTraceParent.substr(2)) + "-more"), kTrace);
}

TEST_F(RequestAttributesTest, TakeNoTraceIdOfAnInvalidTraceParent) {
  const std::string valid(kTraceParent);
  const auto with = [&](std::size_t at, std::string_view text) {
    return std::string(valid).replace(at, text.size(), text);
  };
  for (const std::string& parent :
       {std::string(), valid.substr(0, 54), valid + "-", valid + "0", "01" + valid.substr(2) + "x",
        with(0, "ff"), with(0, "0g"), with(0, "0A"), with(2, "_"), with(35, "_"), with(52, "_"),
        with(3, std::string(32, '0')), with(36, std::string(16, '0')), with(3, "4BF9"),
        with(3, "4bfg"), with(36, "00F0"), with(53, "0x"), " " + valid}) {
    EXPECT_EQ(trace_id(parent), "") << parent;
  }
  EXPECT_EQ(read({{"traceparent", valid}, {"Traceparent", valid}}).trace.trace_id, "");
}

}  // namespace
}  // namespace osproxy
