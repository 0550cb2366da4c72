#include "osproxy/http/body.h"

#include <array>
#include <cstdint>
#include <cstring>
#include <limits>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "tests/http/head_text.h"

namespace osproxy::http {
namespace {

using namespace std::string_view_literals;
using Status = BodyReader::Status;

BodyReader reader(Framing framing, std::uint64_t length = 0) {
  MessageHead head;
  head.framing = framing;
  head.content_length = length;
  return BodyReader(head);
}

/// The result of parsing as text: "done: hello [X: y\r\n] left 3", "more: hel", "bad".
struct Outcome {
  Status status = Status::NeedMore;
  std::string payload;
  std::size_t consumed = 0;
};

/// Feeds one piece from its own heap block, so that the address sanitizer sees a read past its end.
void feed(BodyReader& body, std::string_view piece, Outcome& outcome) {
  const auto copy = std::make_unique<char[]>(piece.size());
  if (!piece.empty()) std::memcpy(copy.get(), piece.data(), piece.size());
  std::string_view rest(copy.get(), piece.size());
  while (true) {
    const BodyReader::Step step = body.next(rest);
    ASSERT_LE(step.consumed, rest.size());
    outcome.status = step.status;
    outcome.consumed += step.consumed;
    rest.remove_prefix(step.consumed);
    if (step.status != Status::Payload) break;
    ASSERT_FALSE(step.payload.empty());
    outcome.payload.append(step.payload);
  }
  if (outcome.status == Status::NeedMore) {
    EXPECT_TRUE(rest.empty());
  }
}

/// Feeds the bytes in pieces that end at these places, in ascending order.
Outcome feed_split(BodyReader& body, std::string_view bytes, const std::vector<std::size_t>& ends) {
  Outcome outcome;
  std::size_t begin = 0;
  for (const std::size_t end : ends) {
    feed(body, bytes.substr(begin, end - begin), outcome);
    begin = end;
    if (outcome.status != Status::NeedMore) return outcome;
  }
  feed(body, bytes.substr(begin), outcome);
  return outcome;
}

std::string describe(const BodyReader& body, const Outcome& outcome, std::size_t size) {
  if (outcome.status == Status::Bad) return "bad";
  if (outcome.status == Status::NeedMore) return "more: " + outcome.payload;
  std::string text = "done: " + outcome.payload;
  if (!body.trailers().empty()) text += " [" + body.trailers() + "]";
  if (outcome.consumed < size) text += " left " + std::to_string(size - outcome.consumed);
  return text;
}

std::string read_split(std::string_view bytes, const std::vector<std::size_t>& ends) {
  BodyReader body = reader(Framing::Chunked);
  const Outcome outcome = feed_split(body, bytes, ends);
  EXPECT_EQ(body.done(), outcome.status == Status::Done);
  EXPECT_EQ(body.ends_with_connection(), body.done());
  return describe(body, outcome, bytes.size());
}

struct Row {
  std::string_view name;
  std::string_view bytes;
  std::string_view expected;
};

// clang-format off
constexpr Row kRows[] = {
    {"nothing yet", ""sv, "more: "},
    {"empty", "0\r\n\r\n"sv, "done: "},
    {"one chunk", "5\r\nhello\r\n0\r\n\r\n"sv, "done: hello"},
    {"two chunks", "5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n"sv, "done: hello world"},
    {"hexadecimal in either case", "a\r\n0123456789\r\nB\r\n0123456789a\r\n0\r\n\r\n"sv, "done: 01234567890123456789a"},
    {"zeros before a size", "0000000000000002\r\nab\r\n000\r\n\r\n"sv, "done: ab"},
    {"bytes of the next message stay", "1\r\na\r\n0\r\n\r\nGET /"sv, "done: a left 5"},
    {"framing within the payload", "9\r\n\r\n0\r\n\r\n\r\n\r\n0\r\n\r\n"sv, "done: \r\n0\r\n\r\n\r\n"},
    {"an extension", "1;a=b\r\nx\r\n0;c\r\n\r\n"sv, "done: x"},
    {"an extension after white space", "1 \t;a = \"b;c\"\r\nx\r\n0\r\n\r\n"sv, "done: x"},
    {"a trailer", "0\r\nX-A: b\r\n\r\n"sv, "done:  [X-A: b\r\n]"},
    {"trailers", "1\r\na\r\n0\r\nX-A: b\r\nX-A:\t c \r\n\r\nrest"sv, "done: a [X-A: b\r\nX-A:\t c \r\n] left 4"},
    {"cut off in the payload", "5\r\nhel"sv, "more: hel"},
    {"cut off after the payload", "5\r\nhello\r"sv, "more: hello"},
    {"cut off before the end", "5\r\nhello\r\n0\r\n"sv, "more: hello"},
    {"cut off in a trailer", "0\r\nX-A: b\r\n\r"sv, "more: "},
    {"the largest size", "ffffffffffffffff\r\na"sv, "more: a"},
    {"17 digits", "00000000000000001\r\na\r\n0\r\n\r\n"sv, "bad"},
    {"no size", "\r\na\r\n0\r\n\r\n"sv, "bad"},
    {"no digit", "g\r\n"sv, "bad"},
    {"a sign", "+1\r\na\r\n0\r\n\r\n"sv, "bad"},
    {"a minus", "-1\r\na\r\n0\r\n\r\n"sv, "bad"},
    {"a prefix", "0x1\r\na\r\n0\r\n\r\n"sv, "bad"},
    {"an underscore", "1_0\r\n"sv, "bad"},
    {"white space before the size", " 1\r\na\r\n0\r\n\r\n"sv, "bad"},
    {"white space after the size", "1 \r\na\r\n0\r\n\r\n"sv, "bad"},
    {"two sizes", "1 1\r\na\r\n0\r\n\r\n"sv, "bad"},
    {"an extension without a size", ";a=b\r\n"sv, "bad"},
    {"a bare LF after the size", "1\na\r\n0\r\n\r\n"sv, "bad"},
    {"a bare CR after the size", "1\ra\r\n0\r\n\r\n"sv, "bad"},
    {"a bare LF in an extension", "1;a\na\r\n0\r\n\r\n"sv, "bad"},
    {"a bare CR in an extension", "1;a\rb\r\na\r\n0\r\n\r\n"sv, "bad"},
    {"NUL in an extension", "1;\0\r\na\r\n0\r\n\r\n"sv, "bad"},
    {"a chunk that is longer than its size", "1\r\nab\r\n0\r\n\r\n"sv, "bad"},
    {"a chunk that is shorter than its size", "3\r\na\r\n0\r\n\r\n"sv, "bad"},
    {"a bare LF after the payload", "1\r\na\n0\r\n\r\n"sv, "bad"},
    {"a bare CR after the payload", "1\r\na\r0\r\n\r\n"sv, "bad"},
    {"nothing after the payload", "1\r\na0\r\n\r\n"sv, "bad"},
    {"a bare LF at the end", "0\r\n\n"sv, "bad"},
    {"a trailer that ends in a bare LF", "0\r\nX: y\n\r\n"sv, "bad"},
    {"a bare CR in a trailer", "0\r\nX: y\rz\r\n\r\n"sv, "bad"},
    {"NUL in a trailer", "0\r\nX: \0\r\n\r\n"sv, "bad"},
    {"a trailer without a colon", "0\r\nGET / HTTP/1.1\r\n\r\n"sv, "bad"},
    {"a trailer with a space before the colon", "0\r\nX : y\r\n\r\n"sv, "bad"},
    {"a folded trailer", "0\r\nX: y\r\n z\r\n\r\n"sv, "bad"},
    {"a length in the trailers", "0\r\nX: y\r\ncontent-length: 1\r\n\r\n"sv, "bad"},
    {"a coding in the trailers", "0\r\nTransfer-Encoding: chunked\r\n\r\n"sv, "bad"},
    {"a host in the trailers", "0\r\nHost: a\r\n\r\n"sv, "bad"},
    {"credentials in the trailers", "0\r\nAuthorization: a\r\n\r\n"sv, "bad"},
    {"a connection option in the trailers", "0\r\nConnection: close\r\n\r\n"sv, "bad"},
    {"a coding of the content in the trailers", "0\r\nContent-Encoding: gzip\r\n\r\n"sv, "bad"},
    {"a signed directive in the trailers", "0\r\nX-Debug-Directive: a\r\n\r\n"sv, "bad"},
    {"a request id in the trailers", "0\r\nx-request-id: a\r\n\r\n"sv, "bad"},
    {"a forwarded host in the trailers", "0\r\nX-Forwarded-Host: a\r\n\r\n"sv, "bad"},
    {"a trace in the trailers", "0\r\ntraceparent: a\r\n\r\n"sv, "bad"},
};
// clang-format on

TEST(ChunkedBody, IsTheSameInPiecesOfAnySize) {
  for (const Row& row : kRows) {
    SCOPED_TRACE(row.name);
    EXPECT_EQ(read_split(row.bytes, {}), row.expected);
    std::vector<std::size_t> every;
    for (std::size_t at = 0; at <= row.bytes.size(); ++at) {
      EXPECT_EQ(read_split(row.bytes, {at}), row.expected) << "split at " << at;
      every.push_back(at);
    }
    EXPECT_EQ(read_split(row.bytes, every), row.expected) << "byte by byte";
  }
}

TEST(ChunkedBody, AnyBytesAreTheSameInPiecesOfAnySize) {
  constexpr unsigned kSeed = 20240608;
  std::mt19937 random(kSeed);
  for (int round = 0; round < 300; ++round) {
    for (const Row& row : kRows) {
      const std::string bytes = mutate(std::string(row.bytes), random);
      const std::string whole = read_split(bytes, {});
      auto at = std::uniform_int_distribution<std::size_t>(0, bytes.size());
      std::size_t first = at(random);
      std::size_t second = at(random);
      if (first > second) std::swap(first, second);
      EXPECT_EQ(read_split(bytes, {first, second}), whole) << testing::PrintToString(bytes);
    }
  }
}

TEST(ChunkedBody, ReturnsThePayloadInPlace) {
  BodyReader body = reader(Framing::Chunked);
  const std::string_view bytes = "5\r\nhello\r\n0\r\n\r\n";
  const BodyReader::Step step = body.next(bytes);
  EXPECT_EQ(step.status, Status::Payload);
  EXPECT_EQ(step.payload.data(), bytes.data() + 3);
  EXPECT_EQ(step.consumed, 8U);
}

TEST(ChunkedBody, BoundsTheChunkSizeLine) {
  const auto with_line = [](std::size_t size) {
    return read_split("1;" + std::string(size - 3, 'x') + "\r\na\r\n0\r\n\r\n", {});
  };
  EXPECT_EQ(with_line(4096), "done: a");  // with its CR
  EXPECT_EQ(with_line(4097), "bad");
  EXPECT_EQ(read_split("1" + std::string(5000, ' '), {}), "bad");
}

TEST(ChunkedBody, BoundsTheExtensionsOfAllChunksTogether) {
  const auto with_chunks = [](int count) {
    std::string bytes;
    for (int i = 0; i < count; ++i) bytes += "1;" + std::string(1'000, 'e') + "\r\nx\r\n";
    return read_split(bytes + "0\r\n\r\n", {});
  };
  EXPECT_EQ(with_chunks(16), "done: " + std::string(16, 'x'));
  EXPECT_EQ(with_chunks(17), "bad");
}

TEST(ChunkedBody, BoundsTheTrailers) {
  const auto with_trailers = [](std::size_t size) {
    std::string bytes = "0\r\n";
    for (std::size_t i = 0; i < size / 8; ++i) bytes += "X: abc\r\n";
    return read_split(bytes + "\r\n", {5000});
  };
  EXPECT_EQ(with_trailers(16 * 1024 - 8).substr(0, 4), "done");
  EXPECT_EQ(with_trailers(16 * 1024), "bad");  // with the empty line
  EXPECT_EQ(read_split("0\r\nX: " + std::string(17 * 1024, 'a'), {}), "bad");
}

// RFC 9110, section 7.6.1: a field that Connection names is for this hop, in a trailer too.
TEST(ChunkedBody, RefusesTrailersThatConnectionNames) {
  const auto with_trailer = [](std::string_view name) {
    MessageHead head;
    head.framing = Framing::Chunked;
    for (const std::string_view options : {"keep-alive", "te, X-Hop"}) {
      head.headers.push_back({.name = "Connection", .value = options, .line = {}});
    }
    BodyReader body(head);
    return body.next("0\r\n" + std::string(name) + ": a\r\n\r\n").status;
  };
  EXPECT_EQ(with_trailer("X-Hop"), Status::Bad);
  EXPECT_EQ(with_trailer("x-hop"), Status::Bad);
  EXPECT_EQ(with_trailer("X-Hops"), Status::Done);
}

TEST(ChunkedBody, StaysBad) {
  BodyReader body = reader(Framing::Chunked);
  EXPECT_EQ(body.next("x").status, Status::Bad);
  EXPECT_EQ(body.next("0\r\n\r\n").status, Status::Bad);
  EXPECT_FALSE(body.done());
  EXPECT_FALSE(body.ends_with_connection());
}

TEST(CountedBody, EndsAfterItsLastByte) {
  for (std::size_t at = 0; at <= 5; ++at) {
    BodyReader body = reader(Framing::Length, 5);
    const auto bytes = "helloGET"sv;
    const Outcome outcome = feed_split(body, bytes, {at});
    EXPECT_EQ(describe(body, outcome, bytes.size()), "done: hello left 3");
  }
}

TEST(CountedBody, IsNotCompleteBeforeItsLastByte) {
  BodyReader body = reader(Framing::Length, 5);
  Outcome outcome;
  feed(body, "hell", outcome);
  EXPECT_EQ(outcome.status, Status::NeedMore);
  EXPECT_FALSE(body.ends_with_connection());
  feed(body, "o", outcome);
  EXPECT_EQ(outcome.status, Status::Done);
  EXPECT_TRUE(body.ends_with_connection());
}

TEST(CountedBody, MayHaveTheLargestLength) {
  BodyReader body = reader(Framing::Length, std::numeric_limits<std::int64_t>::max());
  Outcome outcome;
  feed(body, "abc", outcome);
  EXPECT_EQ(outcome.payload, "abc");
  EXPECT_FALSE(body.done());
}

TEST(UncountedBody, EndsWithTheConnection) {
  BodyReader body = reader(Framing::UntilClose);
  EXPECT_TRUE(body.ends_with_connection());
  EXPECT_FALSE(body.done());
  Outcome outcome;
  feed(body, "0\r\n\r\n", outcome);
  feed(body, "more", outcome);
  EXPECT_EQ(outcome.payload, "0\r\n\r\nmore");
  EXPECT_EQ(outcome.status, Status::NeedMore);
  EXPECT_FALSE(body.done());
}

TEST(NoBody, IsDoneAtOnceAndConsumesNothing) {
  for (BodyReader body : {BodyReader(), reader(Framing::None), reader(Framing::Length, 0)}) {
    EXPECT_TRUE(body.done());
    EXPECT_TRUE(body.ends_with_connection());
    const BodyReader::Step step = body.next("GET /");
    EXPECT_EQ(step.status, Status::Done);
    EXPECT_EQ(step.consumed, 0U);
  }
}

TEST(ChunkHead, IsParsedAgainByTheReader) {
  std::array<char, 18> room;
  EXPECT_EQ(chunk_head(0x1f4, room.data()), "1f4\r\n");
  EXPECT_EQ(chunk_head(0, room.data()), "0\r\n");
  EXPECT_EQ(chunk_head(std::numeric_limits<std::uint64_t>::max(), room.data()),
            "ffffffffffffffff\r\n");
}

}  // namespace
}  // namespace osproxy::http
