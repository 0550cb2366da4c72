#include "osproxy/core/file_watch.h"

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "tests/support/temp_dir.h"

namespace osproxy {
namespace {

class FileWatchTest : public testing::Test {
 protected:
  FileWatchTest() { write(one, "1"); }
  static void write(const std::filesystem::path& path, std::string_view text) {
    std::ofstream(path) << text;
  }

  const TempDir dir;
  const std::filesystem::path one = dir.path() / "one";
  const std::filesystem::path other = dir.path() / "other";
};

TEST_F(FileWatchTest, SeesAFileThatIsReplacedWrittenOrRemoved) {
  FileWatch watch({one, other});
  EXPECT_FALSE(watch.has_changed());
  write(one, "longer");
  EXPECT_TRUE(watch.has_changed());
  EXPECT_FALSE(watch.has_changed());
  write(other, "2");
  EXPECT_TRUE(watch.has_changed());
  std::filesystem::rename(other, one);
  EXPECT_TRUE(watch.has_changed());
  std::filesystem::remove(one);
  EXPECT_TRUE(watch.has_changed());
  EXPECT_FALSE(watch.has_changed());
}

TEST_F(FileWatchTest, SeesALinkThatLeadsElsewhere) {
  write(other, "2");
  const auto link = dir.path() / "link";
  std::filesystem::create_symlink(one, link);
  FileWatch watch({link});
  EXPECT_FALSE(watch.has_changed());
  std::filesystem::remove(link);
  std::filesystem::create_symlink(other, link);
  EXPECT_TRUE(watch.has_changed());
}

TEST_F(FileWatchTest, SeesTheNamesInAFolder) {
  FileWatch watch({dir.path()});
  EXPECT_FALSE(watch.has_changed());
  write(other, "2");
  EXPECT_TRUE(watch.has_changed());
}

}  // namespace
}  // namespace osproxy
