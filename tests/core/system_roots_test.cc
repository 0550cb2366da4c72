#include "osproxy/core/system_roots.h"

#include <cstdlib>
#include <fstream>

#include <gtest/gtest.h>

#include "tests/support/temp_dir.h"

namespace osproxy {
namespace {

TEST(SystemRoots, AreReadAnewEachTime) {
  constexpr const char* kVariable = "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH";
  const char* const before = std::getenv(kVariable);
  const std::string saved = before == nullptr ? "" : before;
  const TempDir dir;
  const std::string path = dir.path() / "roots.pem";
  ::setenv(kVariable, path.c_str(), 1);
  std::ofstream(path) << "one";
  EXPECT_TRUE(read_system_roots() == "one");  // a failure must not print the machine's bundle
  std::ofstream(path) << "two";
  EXPECT_TRUE(read_system_roots() == "two");
  before == nullptr ? ::unsetenv(kVariable) : ::setenv(kVariable, saved.c_str(), 1);
}

}  // namespace
}  // namespace osproxy
