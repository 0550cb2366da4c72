#include "osproxy/etcd/endpoints.h"

#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "osproxy/etcd/credential_files.h"
#include "tests/support/temp_dir.h"

namespace osproxy::etcd {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Texts = std::vector<std::string>;

TEST(Endpoints, HaveOneForm) {
  EXPECT_THAT(*parse_endpoints(Texts{"a:1", "http://b:2", "http://[::1]:3/"}),
              ElementsAre("a:1", "b:2", "[::1]:3"));
  EXPECT_THAT(*parse_endpoints(Texts{"https://a:1", "https://[::1]:2/"}),
              ElementsAre("https://a:1", "https://[::1]:2"));
}

TEST(Endpoints, NameTheInvalidOne) {
  const struct {
    Texts texts;
    const char* error;
  } cases[] = {
      {{"a:1", "b"}, "\"b\": the port is missing"},
      {{"https://a:0"}, "\"https://a:0\": port 0"},
      {{"ftp://a:1"}, "ftp"},
      {{"::1:2379"}, "brackets"},
      {{"https://a:1/path"}, "\"https://a:1/path\""},
      {{"https://a:1", "b:1"}, "\"b:1\": some are https:// and others are not"},
      {{"http://a:1", "https://b:1"}, "\"https://b:1\": some are https://"},
  };
  for (const auto& c : cases) {
    const auto parsed = parse_endpoints(c.texts);
    ASSERT_FALSE(parsed) << c.error;
    EXPECT_THAT(parsed.error(), HasSubstr(c.error));
  }
}

TEST(Endpoints, HaveAnAddressWithAndWithoutTls) {
  EXPECT_TRUE(is_tls("https://a:1"));
  EXPECT_FALSE(is_tls("a:1"));
  EXPECT_EQ(address_of("https://a:1"), "a:1");
  EXPECT_EQ(address_of("a:1"), "a:1");
}

std::string error_of(EtcdTarget target) {
  const auto checked = check_target(target);
  return checked ? "none" : checked.error().message;
}

TEST(Target, RefusesCredentialsThatDoNotGoTogether) {
  const Texts plain{"a:1"};
  const Texts tls{"https://a:1"};
  EXPECT_EQ(error_of({.endpoints = plain}), "none");
  EXPECT_EQ(error_of({.endpoints = tls}), "none");
  EXPECT_THAT(error_of({.endpoints = plain, .credentials = {.ca_file = "f"}}),
              HasSubstr("without TLS"));
  EXPECT_THAT(error_of({.endpoints = tls, .credentials = {.cert_file = "f"}}),
              HasSubstr("certificate file and key file belong together"));
  EXPECT_THAT(error_of({.endpoints = tls, .credentials = {.key_file = "f"}}),
              HasSubstr("certificate file and key file belong together"));
  EXPECT_THAT(error_of({.endpoints = plain, .credentials = {.user = "u"}}),
              HasSubstr("user and password file belong together"));
  EXPECT_THAT(error_of({.endpoints = tls, .credentials = {.ca_file = "/no/such"}}),
              HasSubstr("CA file \"/no/such\" cannot be read: No such file"));
  EXPECT_THAT(error_of({.endpoints = tls, .credentials = {.ca_file = "/"}}),
              HasSubstr("CA file \"/\" cannot be read"));
}

TEST(Target, ReadsThePasswordWithoutTheLineEnd) {
  const TempDir dir;
  const std::string file = dir.path() / "password";
  const auto password_in = [&](const std::string& text) {
    std::ofstream(file, std::ios::trunc) << text;
    return read_password({.user = "u", .password_file = file});
  };
  EXPECT_EQ(password_in("se cret\r\n"), "se cret");
  EXPECT_EQ(password_in("secret"), "secret");
  EXPECT_THAT(password_in("\n").error(), HasSubstr("is empty"));
  const auto huge = password_in(std::string(5'000, 'x'));
  ASSERT_FALSE(huge);
  EXPECT_THAT(huge.error(), HasSubstr("too large"));
  EXPECT_THAT(huge.error(), ::testing::Not(HasSubstr("xx")));
}

}  // namespace
}  // namespace osproxy::etcd
