#include "osproxy/admin/access_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "osproxy/core/read_file.h"

namespace osproxy::admin {
namespace {

TEST(AccessTable, IsInTheManual) {
  const auto page = read_file(OSPROXY_SOURCE_DIR "/docs/access.md", std::size_t{1} << 20);
  ASSERT_TRUE(page) << page.error();
  EXPECT_THAT(*page, testing::HasSubstr("-->\n\n" + access_table_markdown() + "\n<!--"))
      << "scripts/access_docs writes it";
}

TEST(AccessTable, HasARowForEachEndpoint) {
  const std::string table = access_table_markdown();
  EXPECT_THAT(table, testing::HasSubstr(
                         "| `POST /admin/directives` | operator | the part of its tenants |"));
  EXPECT_THAT(table, testing::HasSubstr("| `GET /metrics` | none: open to all | all of it |"));
}

}  // namespace
}  // namespace osproxy::admin
