#include "osproxy/inspect/filter_path.h"

#include <gtest/gtest.h>

namespace osproxy {
namespace {

TEST(FilterPath, KeepsAListThatNoFilterTouches) {
  EXPECT_TRUE(filter_path_keeps("", "items"));
  EXPECT_TRUE(filter_path_keeps("refresh=true&pretty", "items"));
  EXPECT_TRUE(filter_path_keeps("filter_path=", "items"));
}

TEST(FilterPath, KeepsAListOfWhichEachElementHasThePath) {
  for (const char* query : {"filter_path=items", "filter_path=took,items.*", "a=b;filter_path=*",
                            "filter_path=items.*.status,errors", "filter_path=items.**"}) {
    EXPECT_TRUE(filter_path_keeps(query, "items")) << query;
  }
  EXPECT_TRUE(filter_path_keeps("filter_path=responses.status", "responses"));
}

TEST(FilterPath, KeepsNothingInDoubt) {
  for (const char* query :
       {"filter_path=items.*.error", "filter_path=took", "filter_path=items.create.status",
        "filter_path=-items.*.status", "filter_path=items,-items.index", "filter_path=it%65ms",
        "f%69lter_path=took", "filter_path=items&filter_path=took"}) {
    EXPECT_FALSE(filter_path_keeps(query, "items")) << query;
  }
}

}  // namespace
}  // namespace osproxy
