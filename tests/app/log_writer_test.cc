#include "osproxy/app/logs/log_writer.h"

#include <array>
#include <string_view>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

namespace osproxy::app {
namespace {

using namespace std::chrono_literals;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

/// Two ends, closed at the end.
class Ends {
 public:
  explicit Ends(bool socket) {
    if (socket) {
      EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends_.data()), 0);
    } else {
      EXPECT_EQ(::pipe(ends_.data()), 0);
    }
  }
  ~Ends() {
    for (const int end : ends_) {
      if (end >= 0) ::close(end);
    }
  }
  Ends(const Ends&) = delete;
  Ends& operator=(const Ends&) = delete;

  int writer() const { return ends_[1]; }
  void close_writer() { ::close(std::exchange(ends_[1], -1)); }

  /// Reads until `end` was read, or the writer has closed.
  std::string read_until(std::string_view end) {
    std::string text;
    std::array<char, 4096> piece;
    while (!text.ends_with(end)) {
      const ssize_t size = ::read(ends_[0], piece.data(), piece.size());
      if (size <= 0) break;
      text.append(piece.data(), static_cast<std::size_t>(size));
    }
    return text;
  }

  /// Writes until nothing more fits.
  std::size_t fill() {
    const int flags = ::fcntl(writer(), F_GETFL);
    ::fcntl(writer(), F_SETFL, flags | O_NONBLOCK);
    const std::string filling(512, '.');
    std::size_t total = 0;
    for (ssize_t size = 0; (size = ::write(writer(), filling.data(), filling.size())) > 0;) {
      total += static_cast<std::size_t>(size);
    }
    ::fcntl(writer(), F_SETFL, flags);
    return total;
  }

 private:
  std::array<int, 2> ends_{-1, -1};
};

LogWriterOptions options_for(const Ends& ends) {
  return {.descriptor = ends.writer(), .retry = 1ms, .dropped_line = [](std::uint64_t count) {
            return std::to_string(count) + " dropped\n";
          }};
}

class LogWriterTest : public testing::TestWithParam<bool> {
 protected:
  Ends ends_{GetParam()};
};

TEST_P(LogWriterTest, WritesLinesInOrder) {
  LogWriter writer(options_for(ends_));
  writer.push("one\n");
  writer.push("two\n");
  EXPECT_TRUE(writer.flush(20s));
  EXPECT_EQ(ends_.read_until("two\n"), "one\ntwo\n");
}

TEST_P(LogWriterTest, NeverWaitsForAReader) {
  ends_.fill();
  LogWriterOptions options = options_for(ends_);
  options.max_bytes = 64;
  LogWriter writer(std::move(options));
  for (int i = 0; i < 1'000; ++i) writer.push("a line of some length\n");
  EXPECT_FALSE(writer.flush(1ms));
  EXPECT_GE(writer.dropped(), 900u);
}

TEST_P(LogWriterTest, TellsHowManyLinesAreMissingWhereTheyAre) {
  ends_.fill();
  LogWriterOptions options = options_for(ends_);
  options.max_bytes = 64;
  LogWriter writer(std::move(options));
  for (int i = 0; i < 100; ++i) writer.push("line " + std::to_string(i) + "\n");
  const auto dropped = writer.dropped();
  const std::string text = ends_.read_until(" dropped\n");
  EXPECT_THAT(text, HasSubstr("line 0\nline 1\n"));
  EXPECT_THAT(text, EndsWith("\n" + std::to_string(dropped) + " dropped\n"));
  writer.push("after\n");
  EXPECT_EQ(ends_.read_until("after\n"), "after\n");
}

TEST_P(LogWriterTest, EndsWhileNobodyReads) {
  ends_.fill();
  {
    LogWriter writer(options_for(ends_));
    writer.push("never read\n");
  }
  ends_.close_writer();  // the writer's own descriptor is closed too: the end can be read
  EXPECT_THAT(ends_.read_until("there is no such line"), StartsWith("...."));
}

TEST_P(LogWriterTest, LeavesTheDescriptorOfOthersBlocking) {
  LogWriter writer(options_for(ends_));
  writer.push("a line\n");
  EXPECT_TRUE(writer.flush(20s));
  EXPECT_EQ(::fcntl(ends_.writer(), F_GETFL) & O_NONBLOCK, 0);
}

INSTANTIATE_TEST_SUITE_P(PipeAndSocket, LogWriterTest, testing::Bool());

TEST(LogWriter, CountsWhatCannotBeWritten) {
  const int full = ::open("/dev/full", O_WRONLY | O_CLOEXEC);
  ASSERT_GE(full, 0);
  {
    LogWriter writer({.descriptor = full, .max_bytes = 8, .retry = 1ms});
    for (int i = 0; i < 10; ++i) writer.push("a line\n");
    EXPECT_FALSE(writer.flush(10ms));
    EXPECT_GE(writer.dropped(), 8u);
  }
  ::close(full);
}

TEST(LogWriter, SurvivesADescriptorThatIsClosed) {
  LogWriter writer({.descriptor = -1, .retry = 1ms});
  writer.push("a line\n");
  EXPECT_FALSE(writer.flush(10ms));
}

}  // namespace
}  // namespace osproxy::app
