#include "osproxy/core/read_file.h"

#include <fstream>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "tests/support/temp_dir.h"

namespace osproxy {
namespace {

using ::testing::HasSubstr;

TEST(ReadFile, ReadsTheWholeOfASmallFile) {
  const TempDir dir;
  const std::string path = dir.path() / "file";
  const std::string bytes = std::string(10'000, 'x') + '\0' + "\r\n";
  std::ofstream(path, std::ios::binary) << bytes;
  EXPECT_EQ(read_file(path, bytes.size()), bytes);
  EXPECT_EQ(read_file(path, bytes.size() - 1).error(), "has more than 10002 bytes");
}

TEST(ReadFile, SaysWhyItCannot) {
  EXPECT_THAT(read_file("/no/such/file", 1).error(), HasSubstr("cannot be read: No such file"));
  EXPECT_THAT(read_file("/", 1).error(), HasSubstr("cannot be read: Is a directory"));
}

TEST(ReadFile, ReadsAPipeAndWaitsForNoWriterForEver) {
  const TempDir dir;
  const std::string path = dir.path() / "pipe";
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  EXPECT_EQ(read_file(path, 100).error(), "cannot be read: it is a pipe that nobody writes to");
  std::jthread writer([&path] {
    std::ofstream pipe(path);
    pipe << "to" << std::flush;
    pipe << "ken";
  });
  EXPECT_EQ(read_file(path, 100), "token");
}

}  // namespace
}  // namespace osproxy
