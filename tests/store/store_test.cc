// The in-memory and the file store, and what they share with every other one.
#include <fstream>
#include <functional>
#include <string>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "osproxy/core/manual_clock.h"
#include "osproxy/store/file_directive_store.h"
#include "osproxy/store/memory_directive_store.h"
#include "tests/support/temp_dir.h"

namespace osproxy {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view kAcme =
    R"({"directives":[{"id":"a","level":"Shape","ttl_secs":600,"tenant":"acme"}]})";
constexpr std::string_view kTwo =
    R"({"directives":[{"id":"a","level":"Shape","ttl_secs":600,"tenant":"acme"},)"
    R"({"id":"b","level":"Shape","ttl_secs":600,"tenant":"bolt"}]})";
constexpr std::string_view kBad = R"({"directives":[{"id":"a","level":"Shape","ttl_secs":0}]})";

std::size_t size(const DirectiveStore& store) { return store.load()->directives().size(); }

Level level_for(const DirectiveStore& store, std::string_view tenant, Now now) {
  return store.load()->match({.tenant = tenant}, now, "r").level;
}

TEST(DocumentApplier, KeepsTheLastGoodSetWhenADocumentIsMalformed) {
  ManualClock clock;
  DocumentApplier applier({}, clock);
  ASSERT_TRUE(applier.apply(kAcme, 5));
  const auto good = applier.cell().load();

  clock.advance(1s);
  const WallTime first_seen = clock.now().wall;
  ASSERT_FALSE(applier.apply(kBad, 6));
  clock.advance(1s);
  ASSERT_FALSE(applier.apply(kBad, 6));  // a re-read

  EXPECT_EQ(applier.cell().load(), good);
  ASSERT_TRUE(applier.rejected());
  EXPECT_EQ(*applier.rejected(), (Rejection{.revision = 6,
                                            .fault = Fault::ZeroTtl,
                                            .where = "directives[0].ttl_secs",
                                            .at = first_seen}));

  ASSERT_TRUE(applier.apply(kTwo, 7));
  EXPECT_FALSE(applier.rejected());
  EXPECT_EQ(applier.cell().load()->directives().size(), 2u);
}

TEST(DocumentApplier, NeverExtendsALifeByApplyingItAgain) {
  ManualClock clock;
  DocumentApplier applier({}, clock);
  ASSERT_TRUE(applier.apply(kAcme, 1));
  const Life life = applier.cell().load()->directives()[0].life;
  clock.advance(5min);
  ASSERT_TRUE(applier.apply(kAcme, 1));  // a reconnect
  ASSERT_FALSE(applier.apply(kBad, 2));  // a bad publish
  ASSERT_TRUE(applier.apply(kTwo, 3));   // an edit of another directive
  EXPECT_EQ(applier.cell().load()->directives()[0].life, life);
}

TEST(MemoryDirectiveStore, AppliesWhatIsPublished) {
  ManualClock clock;
  MemoryDirectiveStore store({}, clock);
  EXPECT_TRUE(store.load()->empty());
  EXPECT_EQ(store.status().revision, 0);

  EXPECT_EQ(store.publish(kAcme, std::nullopt), 1);
  EXPECT_EQ(level_for(store, "acme", clock.now()), Level::Shape);
  EXPECT_EQ(level_for(store, "bolt", clock.now()), Level::Off);

  clock.advance(10min);
  EXPECT_EQ(level_for(store, "acme", clock.now()), Level::Off);
}

TEST(MemoryDirectiveStore, PublishesAbsoluteEnds) {
  ManualClock clock;
  MemoryDirectiveStore store({}, clock);
  ASSERT_TRUE(store.publish(kAcme, std::nullopt));
  EXPECT_THAT(store.read()->bytes, ::testing::HasSubstr(R"("expires_at":"2030-01-01T00:10:00Z")"));
  EXPECT_THAT(store.read()->bytes, ::testing::Not(::testing::HasSubstr("ttl_secs")));
}

TEST(MemoryDirectiveStore, RefusesAConflictingPublish) {
  ManualClock clock;
  MemoryDirectiveStore store({}, clock);
  ASSERT_EQ(store.publish(kAcme, 0, {.author = "ana", .by = "admin API"}), 1);
  const auto late = store.publish(kTwo, 0);
  ASSERT_FALSE(late);
  EXPECT_NE(late.error().message.find("it is by ana, admin API, "), std::string::npos);
  EXPECT_EQ(late.error().kind, PublishError::Kind::Conflict);
  EXPECT_EQ(late.error().revision, 1);
  EXPECT_EQ(size(store), 1u);
  EXPECT_EQ(store.publish(kTwo, 1), 2);
}

TEST(MemoryDirectiveStore, RefusesAMalformedDocumentAndKeepsTheSet) {
  ManualClock clock;
  MemoryDirectiveStore store({}, clock);
  ASSERT_TRUE(store.publish(kAcme, std::nullopt));
  const auto bad = store.publish(kBad, std::nullopt);
  ASSERT_FALSE(bad);
  EXPECT_EQ(bad.error().kind, PublishError::Kind::Rejected);
  EXPECT_EQ(bad.error().rejected,
            (DecodeError{.fault = Fault::ZeroTtl, .where = "directives[0].ttl_secs"}));
  EXPECT_EQ(size(store), 1u);
  EXPECT_EQ(store.status().revision, 1);
}

TEST(MemoryDirectiveStore, TellsTheAuthorOfAnEndBeyondTheLongestLife) {
  ManualClock clock;
  MemoryDirectiveStore store({}, clock);
  const auto far = store.publish(
      R"({"directives":[{"id":"a","level":"Shape","expires_at":"2030-01-02T00:00:01Z"}]})",
      std::nullopt);
  ASSERT_FALSE(far);
  EXPECT_EQ(far.error().rejected,
            (DecodeError{.fault = Fault::TtlTooLong, .where = "directives[0].expires_at"}));
}

class FileStoreTest : public ::testing::Test {
 protected:
  void write(std::string_view bytes) {
    const auto next = dir_.path() / "next";
    std::ofstream(next, std::ios::binary) << bytes;
    std::filesystem::rename(next, path_);
  }

  std::unique_ptr<FileDirectiveStore> open() {
    auto store =
        FileDirectiveStore::open({.path = path_, .limits = {}, .poll_interval = 1ms}, clock_);
    EXPECT_TRUE(store) << store.error();
    return store ? *std::move(store) : nullptr;
  }

  static void await(const std::function<bool()>& condition) {
    const auto deadline = std::chrono::steady_clock::now() + 30s;
    while (!condition()) {
      ASSERT_LT(std::chrono::steady_clock::now(), deadline);
      std::this_thread::sleep_for(1ms);
    }
  }

  TempDir dir_;
  const std::filesystem::path path_ = dir_.path() / "directives.json";
  ManualClock clock_;
};

TEST_F(FileStoreTest, FollowsTheFile) {
  const auto store = open();
  EXPECT_TRUE(store->load()->empty());
  write(kAcme);
  await([&] { return size(*store) == 1; });
  write(kTwo);
  await([&] { return size(*store) == 2; });
  std::filesystem::remove(path_);
  await([&] { return size(*store) == 0; });
}

TEST_F(FileStoreTest, KeepsTheLastGoodSetWhenTheFileIsMalformed) {
  write(kAcme);
  const auto store = open();
  EXPECT_EQ(size(*store), 1u);
  write(kBad);
  await([&] { return store->status().rejected.has_value(); });
  EXPECT_EQ(size(*store), 1u);
  EXPECT_EQ(store->status().rejected->where, "directives[0].ttl_secs");
  write(kTwo);
  await([&] { return size(*store) == 2; });
  EXPECT_FALSE(store->status().rejected);
}

TEST_F(FileStoreTest, StartsEmptyOnAMalformedFileAndSaysSo) {
  write("{");
  const auto store = open();
  EXPECT_TRUE(store->load()->empty());
  ASSERT_TRUE(store->status().rejected);
  EXPECT_EQ(store->status().rejected->fault, Fault::InvalidJson);
}

TEST_F(FileStoreTest, RejectsAFileOverTheLimitBySize) {
  write(std::string((1 << 20) + 1, ' '));
  const auto store = open();
  ASSERT_TRUE(store->status().rejected);
  EXPECT_EQ(store->status().rejected->fault, Fault::TooLarge);
}

TEST_F(FileStoreTest, RefusesToStartOnWhatIsNoFile) {
  std::filesystem::create_directory(path_);
  const auto store = FileDirectiveStore::open({.path = path_, .limits = {}}, clock_);
  ASSERT_FALSE(store);
  EXPECT_EQ(store.error(), path_.string() + ": not a regular file");
}

TEST_F(FileStoreTest, KeepsTheSetAndBecomesSuspectWhileTheFileCannotBeRead) {
  write(kAcme);
  const auto store = open();
  std::filesystem::remove(path_);
  std::filesystem::create_directory(path_);
  await([&] { return store->status().state == StoreState::Suspect || size(*store) == 0; });
  await([&] { return store->status().state == StoreState::Suspect; });
  EXPECT_THAT(store->status().reason, ::testing::HasSubstr("not a regular file"));
}

// A short ttl_secs becomes a long expires_at, so that a document can grow beyond what stores take.
TEST(MemoryDirectiveStore, RefusesADocumentThatIsTooLargeOnceItIsPublished) {
  ManualClock clock;
  const std::string document = R"({"directives":[{"id":"a","level":"Shape","ttl_secs":9}]})";
  DecodeLimits limits;
  limits.max_bytes = document.size();
  MemoryDirectiveStore store(limits, clock);
  const auto published = store.publish(document, std::nullopt);
  ASSERT_FALSE(published);
  EXPECT_EQ(published.error().kind, PublishError::Kind::Rejected);
  EXPECT_EQ(published.error().rejected.value().fault, Fault::TooLarge);
  EXPECT_THAT(published.error().message, ::testing::HasSubstr("as it is published"));
  EXPECT_EQ(store.read()->revision, 0);
}

}  // namespace
}  // namespace osproxy
