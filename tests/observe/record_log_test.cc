#include "osproxy/observe/record_log.h"

#include <filesystem>
#include <fstream>
#include <mutex>
#include <sstream>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/observe/records.h"
#include "tests/support/await.h"
#include "tests/support/temp_dir.h"

namespace osproxy {
namespace {

using test::make_record;
using namespace std::chrono_literals;

std::string read(const std::filesystem::path& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

std::string line_of(const std::string& id) { return to_json(make_record(id)) + "\n"; }

RecordPointer record(const std::string& id) {
  return std::make_shared<const Record>(make_record(id));
}

class RecordLogTest : public testing::Test {
 protected:
  RecordLogOptions options(std::string path) {
    return {.path = std::move(path), .retry = 5ms, .tell = [this](const std::string& sentence) {
              const std::lock_guard lock(mutex_);
              reported_.push_back(sentence);
            }};
  }

  std::vector<std::string> reported() {
    const std::lock_guard lock(mutex_);
    return reported_;
  }

  TempDir dir_;
  const std::filesystem::path file_ = dir_.path() / "records";

 private:
  std::mutex mutex_;
  std::vector<std::string> reported_;  // guarded by mutex_
};

bool has_written(const RecordLog& log, std::uint64_t lines) {
  return await([&] { return log.totals().kept == lines; });
}

TEST_F(RecordLogTest, WritesALineForEachRecordInTheirOrder) {
  RecordLog log(options(file_));
  ASSERT_TRUE(log.open());
  for (const char* id : {"a", "b", "c"}) log.take(record(id));
  ASSERT_TRUE(has_written(log, 3));
  EXPECT_EQ(read(file_), line_of("a") + line_of("b") + line_of("c"));
  EXPECT_EQ(log.totals().held, 0U);
  EXPECT_THAT(reported(), testing::IsEmpty());
}

TEST_F(RecordLogTest, WritesWaitingRecordsBeforeItEnds) {
  {
    RecordLog log(options(file_));
    ASSERT_TRUE(log.open());
    for (int i = 0; i < 500; ++i) log.take(record("a"));
  }
  const std::string text = read(file_);
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 500);
}

TEST_F(RecordLogTest, MakesAFileThatOthersCannotRead) {
  RecordLog log(options(file_));
  ASSERT_TRUE(log.open());
  struct stat facts{};
  ASSERT_EQ(::stat(file_.c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 0137U, 0U);
}

TEST_F(RecordLogTest, AppendsOnANewLineAfterATornOne) {
  std::ofstream(file_) << "whole\ntorn";
  RecordLog log(options(file_));
  ASSERT_TRUE(log.open());
  log.take(record("a"));
  ASSERT_TRUE(await([&] { return read(file_).ends_with("}\n"); }));
  EXPECT_EQ(read(file_), "whole\ntorn\n" + line_of("a"));
}

TEST_F(RecordLogTest, ReopensItsFileAfterARename) {
  RecordLog log(options(file_));
  ASSERT_TRUE(log.open());
  log.take(record("a"));
  ASSERT_TRUE(has_written(log, 1));
  const auto renamed = dir_.path() / "records.1";
  std::filesystem::rename(file_, renamed);
  log.take(record("b"));
  ASSERT_TRUE(has_written(log, 2));
  log.reopen();
  ASSERT_TRUE(await([&] { return std::filesystem::exists(file_); }));
  log.take(record("c"));
  ASSERT_TRUE(has_written(log, 3));
  EXPECT_EQ(read(renamed), line_of("a") + line_of("b"));
  EXPECT_EQ(read(file_), line_of("c"));
}

TEST_F(RecordLogTest, KeepsTheOldFileIfTheNewOneCannotBeOpened) {
  RecordLog log(options(file_));
  ASSERT_TRUE(log.open());
  const auto renamed = dir_.path() / "records.1";
  std::filesystem::rename(file_, renamed);
  std::filesystem::create_directory(file_);
  log.reopen();
  ASSERT_TRUE(await([&] { return !reported().empty(); }));
  log.take(record("a"));
  ASSERT_TRUE(has_written(log, 1));
  EXPECT_EQ(read(renamed), line_of("a"));
  EXPECT_THAT(reported(),
              testing::ElementsAre(testing::HasSubstr("cannot open " + file_.string())));
}

TEST_F(RecordLogTest, NamesAFileThatCannotBeOpened) {
  RecordLog log(options(dir_.path()));
  const auto opened = log.open();
  ASSERT_FALSE(opened);
  EXPECT_THAT(opened.error(), testing::HasSubstr("cannot open " + dir_.path().string()));
}

TEST_F(RecordLogTest, ReportsAFullDiskOnceAndCountsDrops) {
  RecordLogOptions full = options("/dev/full");
  full.queue.records = 2;
  RecordLog log(std::move(full));
  ASSERT_TRUE(log.open());
  log.take(record("a"));
  ASSERT_TRUE(await([&] { return !reported().empty(); }));
  for (int i = 0; i < 10; ++i) log.take(record("b"));
  EXPECT_EQ(log.totals().kept, 0U);
  EXPECT_EQ(log.totals().dropped, 8U);
  EXPECT_EQ(log.totals().held, 3U);
  EXPECT_THAT(reported(), testing::ElementsAre(
                              "records are not written to /dev/full: No space left on device"));
}

// A pipe whose reader does not read at first.
TEST_F(RecordLogTest, FinishesATornLineWhenItsReaderResumes) {
  ASSERT_EQ(::mkfifo(file_.c_str(), 0600), 0);
  const int reader = ::open(file_.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  ASSERT_GE(reader, 0);
  RecordLogOptions small = options(file_);
  small.queue.records = 100;
  RecordLog log(std::move(small));
  ASSERT_TRUE(log.open());
  std::uint64_t taken = 0;
  ASSERT_TRUE(await([&] {
    log.take(record("a"));
    ++taken;
    return !reported().empty();
  }));

  std::string text;
  const std::uint64_t wanted = taken - log.totals().dropped;
  ASSERT_TRUE(await([&] {
    char piece[65'536];
    const ssize_t size = ::read(reader, piece, sizeof piece);
    if (size > 0) text.append(piece, static_cast<std::size_t>(size));
    return text.size() >= wanted * line_of("a").size();
  }));
  std::string expected;
  for (std::uint64_t i = 0; i < wanted; ++i) expected += line_of("a");
  EXPECT_EQ(text, expected);
  ASSERT_TRUE(await([&] { return reported().size() == 2; }));
  EXPECT_THAT(reported()[1], testing::HasSubstr("again; "));
  ::close(reader);
}

}  // namespace
}  // namespace osproxy
