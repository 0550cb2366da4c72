// The last good set on disk: whole, or refused with its reason.
#include "osproxy/store/state_file.h"

#include <fstream>
#include <iterator>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "osproxy/core/hash.h"
#include "osproxy/core/manual_clock.h"
#include "osproxy/store/state_writer.h"
#include "tests/support/await.h"
#include "tests/support/temp_dir.h"

namespace osproxy {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

constexpr char kKey[] = "osproxy/directives";

class StateFileTest : public ::testing::Test {
 protected:
  SavedSet some_set() const {
    const Document document =
        *decode_document(R"({"directives":[{"id":"a","level":"Shape","ttl_secs":600},)"
                         R"({"id":"b","level":"Shape","expires_at":"2030-01-01T00:00:00Z"}]})");
    return {.key = kKey,
            .cluster_id = 0xfedcba9876543210,
            .revision = 4811,
            .saved_at = clock_.now().wall,
            .boot_id = "this boot",
            .document = document,
            .lives = {life_until(clock_.now().wall + 600s, clock_.now()),
                      life_until(clock_.now().wall + 1h + 1ns, clock_.now())}};
  }

  std::string bytes() const {
    std::ifstream file(path_, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  void overwrite(std::string_view bytes) const { std::ofstream(path_, std::ios::binary) << bytes; }

  /// With a checksum that fits.
  void overwrite_body(const std::string& body) const {
    char line[64];
    std::snprintf(line, sizeof line, "osproxy-state 1 %016llx\n",
                  static_cast<unsigned long long>(fnv1a_64(body)));
    overwrite(line + body + "\n");
  }

  /// Why the file is refused; empty if it is not.
  std::string refusal(std::string_view key = kKey) const {
    const auto loaded = load_state(path_, key, {});
    return loaded ? "" : loaded.error();
  }

  const TempDir dir_;
  const std::filesystem::path path_ = dir_.path() / kStateFileName;
  ManualClock clock_;
};

TEST_F(StateFileTest, GivesBackWhatWasSaved) {
  ASSERT_TRUE(save_state(path_, some_set()));
  const auto loaded = load_state(path_, kKey, {});
  ASSERT_TRUE(loaded) << loaded.error();
  EXPECT_EQ(*loaded, some_set());
}

TEST_F(StateFileTest, IsNotThereBeforeTheFirstSave) {
  const auto loaded = load_state(path_, kKey, {});
  ASSERT_TRUE(loaded);
  EXPECT_FALSE(*loaded);
}

TEST_F(StateFileTest, IsReplacedWholeAndReadableByItsOwnerOnly) {
  ASSERT_TRUE(save_state(path_, some_set()));
  SavedSet none{.key = kKey};
  ASSERT_TRUE(save_state(path_, none));
  EXPECT_EQ(**load_state(path_, kKey, {}), none);
  struct stat status{};
  ASSERT_EQ(::stat(path_.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(dir_.path()), {}), 1);
}

TEST_F(StateFileTest, IsRefusedWhereverItIsCutOff) {
  ASSERT_TRUE(save_state(path_, some_set()));
  const std::string whole = bytes();
  for (std::size_t length = 0; length < whole.size(); ++length) {
    overwrite(std::string_view(whole).substr(0, length));
    EXPECT_NE(refusal(), "") << "cut off at " << length;
  }
}

TEST_F(StateFileTest, IsRefusedWhicheverByteIsDamaged) {
  ASSERT_TRUE(save_state(path_, some_set()));
  const std::string whole = bytes();
  for (std::size_t i = 0; i < whole.size(); ++i) {
    std::string damaged = whole;
    damaged[i] = static_cast<char>(damaged[i] ^ 0x04);
    overwrite(damaged);
    EXPECT_NE(refusal(), "") << "damaged at " << i;
  }
}

TEST_F(StateFileTest, SaysWhyItIsRefused) {
  ASSERT_TRUE(save_state(path_, some_set()));
  const std::string whole = bytes();
  EXPECT_THAT(refusal("other/key"), HasSubstr(R"(of the key "osproxy/directives")"));

  overwrite("hello");
  EXPECT_THAT(refusal(), HasSubstr("not a state file"));
  EXPECT_THAT(refusal(), HasSubstr(path_.string()));
  overwrite("osproxy-state 2" + whole.substr(15));
  EXPECT_THAT(refusal(), HasSubstr("not version 1"));
  overwrite(whole.substr(0, whole.size() / 2) + "\n");
  EXPECT_THAT(refusal(), HasSubstr("checksum"));
  overwrite(std::string((8 << 20) + 1, 'x'));
  EXPECT_THAT(refusal(), HasSubstr("too large"));
  std::filesystem::remove(path_);
  std::filesystem::create_directory(path_);
  EXPECT_THAT(refusal(), HasSubstr(path_.string()));
}

// A checksum is no signature: whoever can write the file could have anything captured.
TEST_F(StateFileTest, IsRefusedIfAnybodyElseCouldHaveWrittenIt) {
  namespace fs = std::filesystem;
  ASSERT_TRUE(save_state(path_, some_set()));
  EXPECT_EQ(refusal(), "");
  fs::permissions(path_, fs::perms(0666));
  EXPECT_THAT(refusal(), HasSubstr("can be written by everybody"));
  fs::permissions(path_, fs::perms(0600));
  fs::permissions(dir_.path(), fs::perms(0777));
  EXPECT_THAT(refusal(), HasSubstr("others can replace it"));
  fs::permissions(dir_.path(), fs::perms(0700));
  EXPECT_EQ(refusal(), "");
}

TEST_F(StateFileTest, RefusesAStrangersFieldsThoughTheChecksumFits) {
  const std::string lives = R"([{"wall_end":"2030-01-01T00:00:00Z","boot_end_ns":1}])";
  const std::string directive = R"({"id":"a","level":"Shape","ttl_secs":600})";
  const auto body = [&](const std::string& ends, const std::string& directives) {
    return R"({"key":"osproxy/directives","cluster_id":"1","revision":1,"saved_at":)"
           R"("2030-01-01T00:00:00Z","boot_id":"","lives":)" +
           ends + R"(,"document":{"directives":)" + directives + "}}";
  };
  overwrite_body(body(lives, "[" + directive + "]"));
  EXPECT_EQ(refusal(), "");
  overwrite_body("{}");
  EXPECT_THAT(refusal(), HasSubstr("fields"));
  overwrite_body("not json");
  EXPECT_THAT(refusal(), HasSubstr("fields"));
  overwrite_body(body(R"([{"wall_end":"tomorrow","boot_end_ns":1}])", "[" + directive + "]"));
  EXPECT_THAT(refusal(), HasSubstr("fields"));
  overwrite_body(body(lives, "[]"));
  EXPECT_THAT(refusal(), HasSubstr("one life"));
  overwrite_body(body(lives, R"([{"id":"a","level":"Loud","ttl_secs":600}])"));
  EXPECT_THAT(refusal(), HasSubstr("unknown_level directives[0].level"));
}

TEST_F(StateFileTest, SaysWhyItCannotBeSaved) {
  const auto saved = save_state(dir_.path() / "missing" / kStateFileName, some_set());
  ASSERT_FALSE(saved);
  EXPECT_THAT(saved.error(), HasSubstr("missing"));
  EXPECT_THAT(saved.error(), HasSubstr("No such file"));
}

TEST_F(StateFileTest, KeepsTheBootClocksEndWithinABootOnly) {
  SavedSet saved = some_set();
  saved.lives = {{.wall_end = clock_.now().wall + 600s, .boot_end = clock_.now().boot + 100s}};
  EXPECT_EQ(resumed_lives(saved, "this boot", clock_.now())[0], saved.lives[0]);
  const Life other = resumed_lives(saved, "another boot", clock_.now())[0];
  EXPECT_EQ(other, life_until(clock_.now().wall + 600s, clock_.now()));
  saved.boot_id.clear();
  EXPECT_EQ(resumed_lives(saved, "", clock_.now())[0], other);
}

TEST_F(StateFileTest, EndsOnTimeThoughTheWallClockWasSetBackBetween) {
  const SavedSet saved = some_set();  // ends in 600 s
  clock_.advance(400s);
  clock_.jump_wall(-1h);
  const Life life = resumed_lives(saved, "this boot", clock_.now())[0];
  clock_.advance(200s);
  EXPECT_TRUE(life.is_over(clock_.now()));
}

TEST_F(StateFileTest, IsWrittenInTheBackgroundWithTheNewestAtTheEnd) {
  {
    StateWriter writer(path_);
    for (std::int64_t revision = 1; revision <= 100; ++revision) {
      writer.save({.key = kKey, .revision = revision});
    }
  }
  EXPECT_EQ((*load_state(path_, kKey, {}))->revision, 100);
}

TEST_F(StateFileTest, TellsOfAFailureInTheBackground) {
  StateWriter writer(dir_.path() / "missing" / kStateFileName);
  EXPECT_EQ(writer.error(), "");
  writer.save(some_set());
  EXPECT_TRUE(await([&] { return !writer.error().empty(); }));
  EXPECT_THAT(writer.error(), HasSubstr("missing"));
}

}  // namespace
}  // namespace osproxy
