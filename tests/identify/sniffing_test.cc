#include "osproxy/identify/sniffing.h"

#include <string_view>

#include <gtest/gtest.h>

namespace osproxy {
namespace {

TEST(Sniffing, IsRecognizedAsClientsDoIt) {
  for (const std::string_view target :
       {"/_nodes/http", "/_nodes/http?timeout=1000ms", "/_nodes/_all/http", "/_nodes/n1,n2/http",
        "/_nodes/_all/http/", "/_nodes/_all/os,http", "_nodes/http", "/t/acme/_nodes/_all/http"}) {
    EXPECT_TRUE(asks_for_nodes(target)) << target;
  }
  for (const std::string_view target :
       {"/", "/_nodes", "/_nodes/stats", "/_nodes/stats/http_x", "/_nodes/_all/os", "/_nodes/",
        "/x_nodes/http", "/_cat/nodes", "/_nodes?filter=/http", "/_search?q=_nodes/http"}) {
    EXPECT_FALSE(asks_for_nodes(target)) << target;
  }
}

}  // namespace
}  // namespace osproxy
