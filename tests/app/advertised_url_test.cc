#include "osproxy/app/advertised_url.h"

#include <vector>

#include <gtest/gtest.h>

#include "osproxy/store/admin_url.h"

namespace osproxy::app {
namespace {

const std::vector<std::string> kLocalEtcd{"etcd.invalid:2379", "127.0.0.1:2379"};

TEST(AdvertisedUrl, IsTheGivenOne) {
  EXPECT_EQ(find_advertised_url("http://proxy-1:80", {"0.0.0.0", 9901}, false, {}),
            "http://proxy-1:80");
}

TEST(AdvertisedUrl, IsThatOfTheListener) {
  EXPECT_EQ(find_advertised_url("", {"127.0.0.1", 9901}, false, {}), "http://127.0.0.1:9901");
  EXPECT_EQ(find_advertised_url("", {"192.0.2.7", 80}, false, kLocalEtcd), "http://192.0.2.7:80");
  EXPECT_EQ(find_advertised_url("", {"2001:db8::7", 80}, false, {}), "http://[2001:db8::7]:80");
}

TEST(AdvertisedUrl, HasTheSchemeOfTheListener) {
  EXPECT_EQ(find_advertised_url("", {"192.0.2.7", 80}, true, {}), "https://192.0.2.7:80");
  EXPECT_EQ(find_advertised_url("proxy-1:80", {"0.0.0.0", 9901}, true, {}), "https://proxy-1:80");
  EXPECT_EQ(find_advertised_url("proxy-1:80", {"0.0.0.0", 9901}, false, {}), "http://proxy-1:80");
  EXPECT_EQ(find_advertised_url("http://sidecar:80", {"::", 9901}, true, {}), "http://sidecar:80");
}

TEST(AdvertisedUrl, OfAllAddressesIsTheOneThatReachesEtcd) {
  EXPECT_EQ(find_advertised_url("", {"0.0.0.0", 9901}, false, kLocalEtcd), "http://127.0.0.1:9901");
  EXPECT_EQ(find_advertised_url("", {"::", 9901}, false, kLocalEtcd), "http://127.0.0.1:9901");
  EXPECT_EQ(find_advertised_url("", {"0.0.0.0", 1}, false,
                                std::vector<std::string>{"https://localhost:2"}),
            "http://127.0.0.1:1");
}

TEST(AdvertisedUrl, OfAllAddressesNamesNoWildcard) {
  const std::string url = find_advertised_url("", {"0.0.0.0", 9901}, false, {});
  EXPECT_TRUE(url.empty() || parse_admin_url(url)) << url;  // the machine may have no route
  EXPECT_FALSE(url.contains('[')) << "the listener is on IPv4 only";
}

TEST(AdvertisedUrl, IsEmptyUntilItIsSet) {
  AdvertisedUrl url;
  EXPECT_EQ(url.get(), "");
  url.set("http://a:1");
  EXPECT_EQ(url.get(), "http://a:1");
}

}  // namespace
}  // namespace osproxy::app
