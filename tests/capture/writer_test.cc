#include "osproxy/capture/writer.h"

#include <atomic>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <map>
#include <mutex>
#include <sstream>
#include <thread>
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

class CaptureWriterTest : public testing::Test {
 protected:
  CaptureOptions options() {
    return {.files = {.directory = writer_,
                      .write = [this](int file, std::string_view bytes) -> ssize_t {
                        return write(file, bytes);
                      }},
            .retry = 5ms,
            .tell = [this](const std::string& sentence) {
              const std::lock_guard lock(mutex_);
              reported_.push_back(sentence);
            }};
  }

  // A disk with `room_` free bytes.
  ssize_t write(int file, std::string_view bytes) {
    const std::size_t room = room_.load();
    if (room == 0) return errno = ENOSPC, -1;
    const ssize_t written = ::write(file, bytes.data(), std::min(room, bytes.size()));
    if (written > 0) room_ -= static_cast<std::size_t>(written);
    return written;
  }

  std::vector<std::string> reported() {
    const std::lock_guard lock(mutex_);
    return reported_;
  }

  /// The text of each of the writer's files, by name.
  std::map<std::string, std::string> files() const {
    std::map<std::string, std::string> texts;
    for (const auto& entry : std::filesystem::directory_iterator(writer_)) {
      if (entry.path().extension() != ".ndjson") continue;
      std::ostringstream text;
      text << std::ifstream(entry.path()).rdbuf();
      texts[entry.path().filename().string()] = text.str();
    }
    return texts;
  }

  TempDir dir_;
  const std::filesystem::path writer_ = dir_.path() / "writer";
  std::atomic<std::size_t> room_{std::size_t{1} << 40};

 private:
  std::mutex mutex_;
  std::vector<std::string> reported_;  // guarded by mutex_
};

void capture(CaptureWriter& writer, const std::string& id, std::size_t body = 0) {
  auto buffer = writer.begin();
  if (buffer) {
    buffer->exchange.request_id = id;
    buffer->request_body(std::string(body, 'x'));
  }
  writer.take(std::move(buffer));
}

std::string line_of(const std::string& id) {
  CapturedExchange exchange;
  exchange.request_id = id;
  return to_json(exchange) + "\n";
}

bool has_written(const CaptureWriter& writer, std::uint64_t exchanges) {
  return await([&] { return writer.totals().written == exchanges; });
}

TEST_F(CaptureWriterTest, WritesALinePerExchangeReadableByItsOwnerAlone) {
  CaptureWriter writer(options());
  ASSERT_TRUE(writer.open());
  for (const char* id : {"a", "b", "c"}) capture(writer, id);
  ASSERT_TRUE(has_written(writer, 3));
  ASSERT_TRUE(await([&] { return writer.totals().memory_bytes == 0; }));
  EXPECT_THAT(files(), ElementsAre(testing::Pair("capture-00000001.ndjson",
                                                 line_of("a") + line_of("b") + line_of("c"))));
  struct stat facts{};
  ASSERT_EQ(::stat((writer_ / "capture-00000001.ndjson").c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 0777, 0600U);
  ASSERT_EQ(::stat(writer_.c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 0777, 0700U);
  EXPECT_THAT(reported(), IsEmpty());
  EXPECT_EQ(writer.totals().waiting, 0U);
}

TEST_F(CaptureWriterTest, WritesWaitingExchangesBeforeItEnds) {
  {
    CaptureWriter writer(options());
    ASSERT_TRUE(writer.open());
    for (int i = 0; i < 200; ++i) capture(writer, "a");
  }
  const std::string text = files().begin()->second;
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 200);
}

TEST_F(CaptureWriterTest, RotatesAtEachStartAndWhenFullAndRemovesTheOldest) {
  CaptureOptions bounded = options();
  bounded.files.file_bytes = 2 * line_of("a").size();
  bounded.files.files = 2;
  for (const char* id : {"a", "b"}) {
    CaptureWriter writer(bounded);
    ASSERT_TRUE(writer.open());
    capture(writer, id);
    ASSERT_TRUE(has_written(writer, 1));
  }
  CaptureWriter writer(bounded);
  ASSERT_TRUE(writer.open());
  for (const char* id : {"c", "d", "e"}) capture(writer, id);
  ASSERT_TRUE(has_written(writer, 3));
  EXPECT_THAT(files(),
              ElementsAre(testing::Pair("capture-00000003.ndjson", line_of("c") + line_of("d")),
                          testing::Pair("capture-00000004.ndjson", line_of("e"))));
  EXPECT_EQ(writer.totals().removed_files, 2U);
}

TEST_F(CaptureWriterTest, WritesToANewFileAfterTheOldOneWasRemoved) {
  CaptureWriter writer(options());
  ASSERT_TRUE(writer.open());
  capture(writer, "a");
  ASSERT_TRUE(has_written(writer, 1));
  std::filesystem::remove(writer_ / "capture-00000001.ndjson");
  capture(writer, "b");
  ASSERT_TRUE(has_written(writer, 2));
  EXPECT_THAT(files(), ElementsAre(testing::Pair("capture-00000002.ndjson", line_of("b"))));
}

TEST_F(CaptureWriterTest, LeavesAMovedFileAloneAndUsesNoNameAgain) {
  const std::filesystem::path archive = dir_.path() / "archive";
  std::filesystem::create_directory(archive);
  const auto move_all = [&] {
    for (const auto& [name, text] : files()) {
      std::filesystem::rename(writer_ / name, archive / name);
    }
  };
  {
    CaptureWriter writer(options());
    ASSERT_TRUE(writer.open());
    capture(writer, "a");
    ASSERT_TRUE(has_written(writer, 1));
    move_all();
    capture(writer, "b");
    ASSERT_TRUE(has_written(writer, 2));
    EXPECT_THAT(files(), ElementsAre(testing::Pair("capture-00000002.ndjson", line_of("b"))));
    EXPECT_EQ(writer.totals().removed_files, 0U);
    move_all();
  }
  std::ofstream(writer_ / "capture-00000003.ndjson") << "mine\n";
  CaptureWriter writer(options());
  ASSERT_TRUE(writer.open());
  std::ofstream(writer_ / "capture-00000004.ndjson") << "mine\n";
  capture(writer, "c");
  ASSERT_TRUE(has_written(writer, 1));
  EXPECT_THAT(files(), ElementsAre(testing::Pair("capture-00000003.ndjson", "mine\n"),
                                   testing::Pair("capture-00000004.ndjson", "mine\n"),
                                   testing::Pair("capture-00000005.ndjson", line_of("c"))));
  std::ostringstream moved;
  moved << std::ifstream(archive / "capture-00000001.ndjson").rdbuf();
  EXPECT_EQ(moved.str(), line_of("a"));
}

TEST_F(CaptureWriterTest, MovedFilesTakeNoRoomAndOthersAreNotRemovedForThem) {
  CaptureOptions bounded = options();
  bounded.files.file_bytes = line_of("a").size();
  bounded.files.files = 2;
  CaptureWriter writer(bounded);
  ASSERT_TRUE(writer.open());
  capture(writer, "a");
  capture(writer, "b");
  ASSERT_TRUE(has_written(writer, 2));
  std::filesystem::rename(writer_ / "capture-00000002.ndjson", dir_.path() / "elsewhere");
  capture(writer, "c");
  ASSERT_TRUE(has_written(writer, 3));
  EXPECT_THAT(files(), ElementsAre(testing::Pair("capture-00000001.ndjson", line_of("a")),
                                   testing::Pair("capture-00000003.ndjson", line_of("c"))));
}

TEST_F(CaptureWriterTest, TellsOfADirectoryThatOthersMayWriteTo) {
  std::filesystem::create_directory(writer_);
  std::filesystem::permissions(writer_, std::filesystem::perms::all);
  CaptureWriter writer(options());
  ASSERT_TRUE(writer.open());
  EXPECT_THAT(reported(), ElementsAre(HasSubstr("has mode 0777")));
}

// The writer's thread still uses it when the test is over.
struct HungDisk {
  std::atomic<bool> hangs{true};
  std::atomic<bool> is_asked{false};
};

TEST_F(CaptureWriterTest, ADiskThatHangsHoldsUpNeitherRequestsNorTheEnd) {
  const auto disk = std::make_shared<HungDisk>();
  CaptureOptions hanging = options();
  hanging.queue = 2;
  hanging.tell = nullptr;
  hanging.files.write = [disk](int file, std::string_view bytes) {
    disk->is_asked = true;
    while (disk->hangs) std::this_thread::sleep_for(1ms);
    return ::write(file, bytes.data(), bytes.size());
  };
  {
    CaptureWriter writer(hanging);
    ASSERT_TRUE(writer.open());
    capture(writer, "a");
    ASSERT_TRUE(await([&] { return disk->is_asked.load(); }));
    for (int i = 0; i < 10; ++i) capture(writer, "b");  // returns
    EXPECT_GE(writer.totals().dropped, 8U);
  }  // returns, too
  EXPECT_TRUE(disk->hangs);
  disk->hangs = false;  // the thread that was left behind ends
}

TEST_F(CaptureWriterTest, DropsAnExchangeThatFitsInNoFile) {
  CaptureOptions bounded = options();
  bounded.files.file_bytes = 2 * line_of("a").size();
  CaptureWriter writer(bounded);
  ASSERT_TRUE(writer.open());
  capture(writer, "large", 1'000);
  capture(writer, "a");
  ASSERT_TRUE(has_written(writer, 1));
  EXPECT_EQ(writer.totals().dropped, 1U);
  EXPECT_EQ(files().begin()->second, line_of("a"));
}

TEST_F(CaptureWriterTest, CountsTruncatedExchanges) {
  CaptureOptions bounded = options();
  bounded.rules.body_bytes = 10;
  CaptureWriter writer(bounded);
  ASSERT_TRUE(writer.open());
  capture(writer, "a", 10);
  capture(writer, "b", 11);
  ASSERT_TRUE(has_written(writer, 2));
  EXPECT_EQ(writer.totals().truncated, 1U);
}

TEST_F(CaptureWriterTest, AFullDiskPausesCaptureAndTearsNoLine) {
  room_ = line_of("a").size() + 5;
  CaptureWriter writer(options());
  ASSERT_TRUE(writer.open());
  capture(writer, "a");
  capture(writer, "b");
  ASSERT_TRUE(await([&] { return !reported().empty(); }));
  EXPECT_THAT(reported(), ElementsAre("capture is stopped, " + writer_.string() +
                                      " cannot be written: No space left on device"));
  EXPECT_EQ(writer.failure(), "No space left on device");
  EXPECT_EQ(files().begin()->second, line_of("a"));
  EXPECT_EQ(writer.begin(), nullptr);
  capture(writer, "c");
  EXPECT_EQ(writer.totals().dropped, 1U);
  EXPECT_EQ(writer.totals().waiting, 1U);

  room_ = 1 << 20;
  ASSERT_TRUE(has_written(writer, 2));
  ASSERT_TRUE(await([&] { return reported().size() == 2; }));
  EXPECT_EQ(reported()[1], "capture goes on in " + writer_.string() + "; 1 exchanges were dropped");
  EXPECT_EQ(writer.failure(), "");
  capture(writer, "d");
  ASSERT_TRUE(has_written(writer, 3));
  EXPECT_EQ(files().begin()->second, line_of("a") + line_of("b") + line_of("d"));
}

TEST_F(CaptureWriterTest, WaitingExchangesAreBoundedByNumberAndMemory) {
  room_ = 0;
  CaptureOptions bounded = options();
  bounded.queue = 3;
  bounded.memory_bytes = 100'000;
  CaptureWriter writer(bounded);
  ASSERT_TRUE(writer.open());
  std::vector<std::unique_ptr<CaptureBuffer>> buffers;  // begun before the writer stops
  for (int i = 0; i < 10; ++i) buffers.push_back(writer.begin());
  for (auto& buffer : buffers) {
    ASSERT_TRUE(buffer);
    buffer->request_body(std::string(30'000, 'x'));
    EXPECT_LE(writer.totals().memory_bytes, 100'000U);
  }
  for (auto& buffer : buffers) writer.take(std::move(buffer));
  // Three wait, besides those that the thread took in one batch before it stopped.
  EXPECT_TRUE(await([&] {
    const CaptureTotals totals = writer.totals();
    return totals.waiting <= 6 && totals.waiting + totals.dropped == 10;
  }));
}

TEST_F(CaptureWriterTest, StopsAtOnceWithAFullDisk) {
  room_ = 0;
  CaptureOptions patient = options();
  patient.retry = 24h;
  CaptureWriter writer(patient);
  ASSERT_TRUE(writer.open());
  capture(writer, "a");
  ASSERT_TRUE(await([&] { return !writer.failure().empty(); }));
}

TEST_F(CaptureWriterTest, NamesADirectoryThatCannotBeUsed) {
  CaptureOptions nowhere = options();
  nowhere.files.directory = dir_.path() / "a" / "b";
  EXPECT_EQ(CaptureWriter(nowhere).open().error(), "cannot make the capture directory " +
                                                       (dir_.path() / "a/b").string() +
                                                       ": No such file or directory");
  std::ofstream(dir_.path() / "file") << "x";
  nowhere.files.directory = dir_.path() / "file";
  EXPECT_THAT(CaptureWriter(nowhere).open().error(), HasSubstr("Not a directory"));
}

TEST_F(CaptureWriterTest, ADirectoryThatWasMadeAgainIsLockedAgain) {
  CaptureWriter writer(options());
  ASSERT_TRUE(writer.open());
  capture(writer, "a");
  ASSERT_TRUE(has_written(writer, 1));
  std::filesystem::remove_all(writer_);
  std::filesystem::create_directory(writer_);
  capture(writer, "b");
  ASSERT_TRUE(has_written(writer, 2));
  EXPECT_THAT(files(), ElementsAre(testing::Pair("capture-00000002.ndjson", line_of("b"))));
  EXPECT_THAT(CaptureWriter(options()).open().error(), HasSubstr("in use by another process"));
}

TEST_F(CaptureWriterTest, WritesNothingIntoADirectoryThatAnotherProcessTook) {
  CaptureWriter writer(options());
  ASSERT_TRUE(writer.open());
  std::filesystem::remove_all(writer_);
  {
    CaptureWriter other(options());
    ASSERT_TRUE(other.open());
    capture(writer, "a");
    EXPECT_TRUE(await([&] { return !reported().empty(); }));
    EXPECT_THAT(files(), IsEmpty());
  }
  EXPECT_TRUE(has_written(writer, 1));  // the other one has ended
}

TEST_F(CaptureWriterTest, TwoProcessesDoNotShareADirectory) {
  CaptureWriter first(options());
  ASSERT_TRUE(first.open());
  EXPECT_THAT(CaptureWriter(options()).open().error(), HasSubstr("in use by another process"));
}

}  // namespace
}  // namespace osproxy
