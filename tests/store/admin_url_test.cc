#include "osproxy/store/admin_url.h"

#include <gtest/gtest.h>

namespace osproxy {
namespace {

TEST(AdminUrl, IsHttpHostAndPort) {
  EXPECT_EQ(parse_admin_url("http://10.0.0.7:9901").value().to_string(), "http://10.0.0.7:9901");
  EXPECT_EQ(parse_admin_url("http://[2001:db8::7]:1/").value().address.host, "2001:db8::7");
  EXPECT_EQ(parse_admin_url("http://proxy-1").value().address.port, 80);
  EXPECT_TRUE(parse_admin_url("https://proxy-1:9901").value().tls);
  EXPECT_EQ(parse_admin_url("https://proxy-1").value().address.port, 443);
  const std::string longest = "https://" + std::string(253, 'a') + ":65535";
  EXPECT_EQ(longest.size(), kMaxAdminUrlBytes);
  EXPECT_TRUE(parse_admin_url(longest));
}

TEST(AdminUrl, IsNothingElse) {
  for (const std::string& text : {std::string(),
                                  std::string("file:///etc/passwd"),
                                  std::string("proxy-1:9901"),
                                  std::string("ftp://proxy-1:9901"),
                                  std::string("HTTP://proxy-1:9901"),
                                  std::string("http://user:secret@proxy-1:9901"),
                                  std::string("http://proxy-1:9901/path"),
                                  std::string("http://proxy-1:9901?x=1"),
                                  std::string("http://proxy-1:9901#x"),
                                  std::string("http://proxy-1:0"),
                                  std::string("http://proxy-1:65536"),
                                  std::string("http://\x1b[2J:1"),
                                  std::string("http://a\r\nb:1"),
                                  std::string("http://a b:1"),
                                  std::string("http://a\0b:1", 12),
                                  std::string("http://\xe2\x80\xae:1"),
                                  std::string("http://0.0.0.0:9901"),
                                  std::string("http://0:9901"),
                                  std::string("http://[::]:9901"),
                                  std::string("http://[::ffff:0.0.0.0]:9901"),
                                  "http://" + std::string(64 * 1024, 'a')}) {
    EXPECT_FALSE(parse_admin_url(text)) << text;
  }
}

}  // namespace
}  // namespace osproxy
