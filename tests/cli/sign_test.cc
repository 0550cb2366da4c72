// osproxyctl sign
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "osproxy/directive/signed_directive.h"
#include "tests/cli/harness.h"
#include "tests/support/temp_dir.h"

namespace osproxy::cli {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

class Sign : public testing::Test {
 protected:
  std::string write(const std::string& text) {
    const std::string path = dir_.path() / "key";
    std::ofstream(path) << text;
    return path;
  }

  TempDir dir_;
  Harness harness_;
};

const std::string kNew(32, 'n');
const std::string kOld(32, 'o');

TEST_F(Sign, PrintsAHeaderThatTheNewestKeyHasSigned) {
  const Result result =
      harness_.run_bare({"sign", "--level", "ShapeTiming", "--ttl", "5m", "--key-file",
                         write(kNew + "\n" + kOld + "\n"), "--id", "INC-1", "--ring-buffer"});
  ASSERT_EQ(result.code, 0) << result.err;
  ASSERT_THAT(result.out, StartsWith("X-Debug-Directive: "));
  const std::string value = result.out.substr(19, result.out.size() - 20);
  const WallTime now = harness_.clock.now().wall;
  const auto read = read_signed(value, *DebugKeys::parse(kNew), now, 1h);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->level, Level::ShapeTiming);
  EXPECT_EQ(read->expires, now + 5min);
  EXPECT_EQ(read->id, "INC-1");
  EXPECT_TRUE(read->ring_buffer);
  EXPECT_EQ(read_signed(value, *DebugKeys::parse(kOld), now, 1h).error(),
            SignedFault::BadSignature);
}

TEST_F(Sign, PrintsThePartsAsJson) {
  const Result result = harness_.run_bare(
      {"sign", "--level", "Shape", "--ttl", "1h", "--key-file", write(kNew), "--output", "json"});
  EXPECT_THAT(result.out, StartsWith(R"({"header":"X-Debug-Directive","value":"7b22)"));
  EXPECT_THAT(result.out, HasSubstr(R"(,"directive":{"level":"Shape","exp":1893459600},)"
                                    R"("expires_at":"2030-01-01T01:00:00Z"})"));
}

TEST_F(Sign, SaysWhatIsWrongWithTheKeyFileAndNothingOfIt) {
  const auto sign_with = [&](const std::string& path) {
    return harness_.run_bare({"sign", "--level", "Shape", "--ttl", "1h", "--key-file", path});
  };
  EXPECT_EQ(sign_with("/no/such/file").code, 2);
  EXPECT_EQ(sign_with(write("# none\n")).code, 1);
  const Result result = sign_with(write("short secret"));
  EXPECT_EQ(result.code, 1);
  EXPECT_THAT(result.err, HasSubstr("line 1 has 12 bytes; a key has 32 to 1024"));
  EXPECT_THAT(result.out, IsEmpty());
}

TEST_F(Sign, RefusesWhatAnInstanceWouldRefuse) {
  const std::string path = write(kNew);
  for (const auto& [level, id] :
       {std::pair("Off", "a"), std::pair("shape", "a"), std::pair("Shape", "a\n")}) {
    EXPECT_EQ(
        harness_.run_bare({"sign", "--level", level, "--ttl", "1h", "--key-file", path, "--id", id})
            .code,
        2)
        << level;
  }
  EXPECT_EQ(harness_.run_bare({"sign", "--level", "Shape", "--key-file", path}).code, 2);
}

}  // namespace
}  // namespace osproxy::cli
