#include "osproxy/capture/writer.h"

#include <atomic>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <map>
#include <mutex>
#include <sstream>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/await.h"
#include "tests/support/temp_dir.h"

namespace osproxy {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class CaptureSpoolTest : public testing::Test {
 protected:
  CaptureOptions options() {
    return {.files = {.directory = spool_,
                      .write = [this](int file, std::string_view bytes) -> ssize_t {
                        return write(file, bytes);
                      }},
            .retry = 5ms,
            .tell = [this](const std::string& sentence) {
              const std::lock_guard lock(mutex_);
              told_.push_back(sentence);
            }};
  }

  // A disk with `room_` bytes.
  ssize_t write(int file, std::string_view bytes) {
    const std::size_t room = room_.load();
    if (room == 0) return errno = ENOSPC, -1;
    const ssize_t written = ::write(file, bytes.data(), std::min(room, bytes.size()));
    if (written > 0) room_ -= static_cast<std::size_t>(written);
    return written;
  }

  std::vector<std::string> told() {
    const std::lock_guard lock(mutex_);
    return told_;
  }

  /// The text of each file of the spool, by name.
  std::map<std::string, std::string> files() const {
    std::map<std::string, std::string> texts;
    for (const auto& entry : std::filesystem::directory_iterator(spool_)) {
      if (entry.path().extension() != ".ndjson") continue;
      std::ostringstream text;
      text << std::ifstream(entry.path()).rdbuf();
      texts[entry.path().filename().string()] = text.str();
    }
    return texts;
  }

  TempDir dir_;
  const std::filesystem::path spool_ = dir_.path() / "spool";
  std::atomic<std::size_t> room_{std::size_t{1} << 40};

 private:
  std::mutex mutex_;
  std::vector<std::string> told_;  // guarded by mutex_
};

void capture(CaptureWriter& spool, const std::string& id, std::size_t body = 0) {
  auto tape = spool.begin();
  if (tape) {
    tape->exchange.request_id = id;
    tape->request_body(std::string(body, 'x'));
  }
  spool.take(std::move(tape));
}

std::string line_of(const std::string& id) {
  CapturedExchange exchange;
  exchange.request_id = id;
  return to_json(exchange) + "\n";
}

bool has_written(const CaptureWriter& spool, std::uint64_t exchanges) {
  return await([&] { return spool.totals().written == exchanges; });
}

TEST_F(CaptureSpoolTest, WritesALineForEachExchangeInTheirOrderForItsOwnerAlone) {
  CaptureWriter spool(options());
  ASSERT_TRUE(spool.open());
  for (const char* id : {"a", "b", "c"}) capture(spool, id);
  ASSERT_TRUE(has_written(spool, 3));
  ASSERT_TRUE(await([&] { return spool.totals().memory_bytes == 0; }));
  EXPECT_THAT(files(), ElementsAre(testing::Pair("capture-00000001.ndjson",
                                                 line_of("a") + line_of("b") + line_of("c"))));
  struct stat facts{};
  ASSERT_EQ(::stat((spool_ / "capture-00000001.ndjson").c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 0777, 0600U);
  ASSERT_EQ(::stat(spool_.c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 0777, 0700U);
  EXPECT_THAT(told(), IsEmpty());
  EXPECT_EQ(spool.totals().waiting, 0U);
}

TEST_F(CaptureSpoolTest, WritesWhatWaitsBeforeItEnds) {
  {
    CaptureWriter spool(options());
    ASSERT_TRUE(spool.open());
    for (int i = 0; i < 200; ++i) capture(spool, "a");
  }
  const std::string text = files().begin()->second;
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 200);
}

TEST_F(CaptureSpoolTest, BeginsANewFileAfterEachStartAndWhereOneIsFullAndRemovesTheOldest) {
  CaptureOptions bounded = options();
  bounded.files.file_bytes = 2 * line_of("a").size();
  bounded.files.files = 2;
  for (const char* id : {"a", "b"}) {
    CaptureWriter spool(bounded);
    ASSERT_TRUE(spool.open());
    capture(spool, id);
    ASSERT_TRUE(has_written(spool, 1));
  }
  CaptureWriter spool(bounded);
  ASSERT_TRUE(spool.open());
  for (const char* id : {"c", "d", "e"}) capture(spool, id);
  ASSERT_TRUE(has_written(spool, 3));
  EXPECT_THAT(files(),
              ElementsAre(testing::Pair("capture-00000003.ndjson", line_of("c") + line_of("d")),
                          testing::Pair("capture-00000004.ndjson", line_of("e"))));
  EXPECT_EQ(spool.totals().removed_files, 2U);
}

TEST_F(CaptureSpoolTest, WritesToANewFileAfterSomebodyRemovedTheOne) {
  CaptureWriter spool(options());
  ASSERT_TRUE(spool.open());
  capture(spool, "a");
  ASSERT_TRUE(has_written(spool, 1));
  std::filesystem::remove(spool_ / "capture-00000001.ndjson");
  capture(spool, "b");
  ASSERT_TRUE(has_written(spool, 2));
  EXPECT_THAT(files(), ElementsAre(testing::Pair("capture-00000002.ndjson", line_of("b"))));
}

TEST_F(CaptureSpoolTest, DropsAnExchangeThatFitsInNoFile) {
  CaptureOptions bounded = options();
  bounded.files.file_bytes = 2 * line_of("a").size();
  CaptureWriter spool(bounded);
  ASSERT_TRUE(spool.open());
  capture(spool, "large", 1'000);
  capture(spool, "a");
  ASSERT_TRUE(has_written(spool, 1));
  EXPECT_EQ(spool.totals().dropped, 1U);
  EXPECT_EQ(files().begin()->second, line_of("a"));
}

TEST_F(CaptureSpoolTest, CountsThoseThatAreNotWhole) {
  CaptureOptions bounded = options();
  bounded.rules.body_bytes = 10;
  CaptureWriter spool(bounded);
  ASSERT_TRUE(spool.open());
  capture(spool, "a", 10);
  capture(spool, "b", 11);
  ASSERT_TRUE(has_written(spool, 2));
  EXPECT_EQ(spool.totals().truncated, 1U);
}

TEST_F(CaptureSpoolTest, AFullDiskStopsCaptureUntilThereIsRoomAndTearsNoLine) {
  room_ = line_of("a").size() + 5;
  CaptureWriter spool(options());
  ASSERT_TRUE(spool.open());
  capture(spool, "a");
  capture(spool, "b");
  ASSERT_TRUE(await([&] { return !told().empty(); }));
  EXPECT_THAT(told(), ElementsAre("capture is stopped, " + spool_.string() +
                                  " cannot be written: No space left on device"));
  EXPECT_EQ(spool.failure(), "No space left on device");
  EXPECT_EQ(files().begin()->second, line_of("a"));
  EXPECT_EQ(spool.begin(), nullptr);
  capture(spool, "c");
  EXPECT_EQ(spool.totals().dropped, 1U);
  EXPECT_EQ(spool.totals().waiting, 1U);

  room_ = 1 << 20;
  ASSERT_TRUE(has_written(spool, 2));
  ASSERT_TRUE(await([&] { return told().size() == 2; }));
  EXPECT_EQ(told()[1], "capture goes on in " + spool_.string() + "; 1 exchanges were dropped");
  EXPECT_EQ(spool.failure(), "");
  capture(spool, "d");
  ASSERT_TRUE(has_written(spool, 3));
  EXPECT_EQ(files().begin()->second, line_of("a") + line_of("b") + line_of("d"));
}

TEST_F(CaptureSpoolTest, WhatWaitsIsBoundedByNumberAndByMemory) {
  room_ = 0;
  CaptureOptions bounded = options();
  bounded.queue = 3;
  bounded.memory_bytes = 100'000;
  CaptureWriter spool(bounded);
  ASSERT_TRUE(spool.open());
  std::vector<std::unique_ptr<CaptureBuffer>> tapes;  // begun before it stops
  for (int i = 0; i < 10; ++i) tapes.push_back(spool.begin());
  for (auto& tape : tapes) {
    ASSERT_TRUE(tape);
    tape->request_body(std::string(30'000, 'x'));
    EXPECT_LE(spool.totals().memory_bytes, 100'000U);
  }
  for (auto& tape : tapes) spool.take(std::move(tape));
  // Three wait, and those that the thread has taken, before it stopped, in one go.
  EXPECT_TRUE(await([&] {
    const CaptureTotals totals = spool.totals();
    return totals.waiting <= 6 && totals.waiting + totals.dropped == 10;
  }));
}

TEST_F(CaptureSpoolTest, AStopWithAFullDiskIsNotWaitedFor) {
  room_ = 0;
  CaptureOptions patient = options();
  patient.retry = 24h;
  CaptureWriter spool(patient);
  ASSERT_TRUE(spool.open());
  capture(spool, "a");
  ASSERT_TRUE(await([&] { return !spool.failure().empty(); }));
}

TEST_F(CaptureSpoolTest, ADirectoryThatIsNoneIsNamed) {
  CaptureOptions nowhere = options();
  nowhere.files.directory = dir_.path() / "a" / "b";
  EXPECT_EQ(CaptureWriter(nowhere).open().error(), "cannot make the capture directory " +
                                                      (dir_.path() / "a/b").string() +
                                                      ": No such file or directory");
  std::ofstream(dir_.path() / "file") << "x";
  nowhere.files.directory = dir_.path() / "file";
  EXPECT_THAT(CaptureWriter(nowhere).open().error(), HasSubstr("Not a directory"));
}

TEST_F(CaptureSpoolTest, TwoProcessesDoNotShareADirectory) {
  CaptureWriter first(options());
  ASSERT_TRUE(first.open());
  EXPECT_THAT(CaptureWriter(options()).open().error(), HasSubstr("in use by another process"));
}

}  // namespace
}  // namespace osproxy
