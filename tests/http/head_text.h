// Heads as one line of text, for tables of raw bytes and their expected results; and checks that
// hold for any bytes.
#pragma once

#include <cstring>
#include <functional>
#include <memory>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include <gtest/gtest.h>

#include "osproxy/http/head.h"

namespace osproxy::http {

struct HeadRow {
  std::string_view name;
  std::string_view bytes;
  std::string_view expected;  ///< describe() of it, or "400 what is wrong"
};

/// "HTTP/1.1 length=5 keep | Host: a | X-A: 1 (hop)"
inline std::string describe_common(const MessageHead& head) {
  std::string text = "HTTP/1." + std::to_string(head.minor_version);
  switch (head.framing) {
    case Framing::None:
      text += " none";
      break;
    case Framing::Length:
      text += " length";
      break;
    case Framing::Chunked:
      text += " chunked";
      break;
    case Framing::UntilClose:
      text += " until-close";
      break;
  }
  if (head.content_length > 0) text += "=" + std::to_string(head.content_length);
  text += head.keep_alive ? " keep" : " close";
  for (const Header& header : head.headers) {
    text.append(" | ").append(header.name).append(": ").append(header.value);
    if (header.hop_by_hop) text += " (hop)";
  }
  return text;
}

/// A parsed head: the verdict, the head as text, and the size of the head in the input.
struct Parsed {
  ParseResult result;
  std::string text;  ///< describe_common() with the first line, or the fault; empty if incomplete
  std::size_t size = 0;
};

using Parser = std::function<Parsed(std::string_view)>;

/// Parses a copy that ends with its heap block, so that the address sanitizer sees every read past
/// the end.
inline Parsed parse_alone(const Parser& parse, std::string_view bytes) {
  const auto copy = std::make_unique<char[]>(bytes.size());
  if (!bytes.empty()) std::memcpy(copy.get(), bytes.data(), bytes.size());
  return parse({copy.get(), bytes.size()});
}

/// Checks a row with its bytes as a whole, followed by other bytes, and byte by byte.
inline void check_row(const Parser& parse, const HeadRow& row) {
  SCOPED_TRACE(row.name);
  const Parsed whole = parse_alone(parse, row.bytes);
  EXPECT_EQ(whole.text, row.expected);
  const bool good = whole.result == ParseResult::Complete;
  if (good) {
    EXPECT_EQ(whole.size, row.bytes.size());
  }
  const Parsed followed = parse_alone(parse, std::string(row.bytes) + "\r\n\nGET ");
  EXPECT_EQ(followed.text, row.expected);
  if (good) {
    EXPECT_EQ(followed.size, row.bytes.size());
  }
  bool was_bad = false;
  for (std::size_t size = 0; size < row.bytes.size(); ++size) {
    const Parsed part = parse_alone(parse, row.bytes.substr(0, size));
    EXPECT_NE(part.result, ParseResult::Complete) << "after " << size << " bytes";
    if (good) {
      EXPECT_EQ(part.text, "") << "after " << size << " bytes";
    }
    if (was_bad) {
      EXPECT_EQ(part.result, ParseResult::Bad) << "good again at " << size << " bytes";
    }
    was_bad = part.result == ParseResult::Bad;
  }
}

/// Changes, drops, doubles or inserts a few bytes, mostly those that mean something in HTTP.
inline std::string mutate(std::string bytes, std::mt19937& random) {
  constexpr std::string_view kTelling(
      "\r\n\t :,;/\0\x7f\x80"
      "0159aF*#[]%",
      22);
  const auto below = [&](std::size_t limit) {
    return std::uniform_int_distribution<std::size_t>(0, limit - 1)(random);
  };
  for (std::size_t i = below(4) + 1; i > 0 && !bytes.empty(); --i) {
    const std::size_t at = below(bytes.size());
    const char byte =
        below(4) > 0 ? kTelling[below(kTelling.size())] : static_cast<char>(below(256));
    switch (below(4)) {
      case 0:
        bytes[at] = byte;
        break;
      case 1:
        bytes.erase(at, below(8) + 1);
        break;
      case 2:
        bytes.insert(at, bytes.substr(at, below(32)));
        break;
      default:
        bytes.insert(at, 1, byte);
        break;
    }
  }
  return bytes;
}

/// Checks mutants of all rows: the parser reads no byte outside the input, and keeps its verdict
/// whatever follows.
inline void check_mutants(const Parser& parse, std::span<const HeadRow> rows) {
  constexpr unsigned kSeed = 20240607;
  std::mt19937 random(kSeed);
  for (int round = 0; round < 100; ++round) {
    for (const HeadRow& row : rows) {
      const std::string bytes = mutate(std::string(row.bytes), random);
      const Parsed whole = parse_alone(parse, bytes);
      const auto size = std::uniform_int_distribution<std::size_t>(0, bytes.size())(random);
      const Parsed part = parse_alone(parse, std::string_view(bytes).substr(0, size));
      if (part.result == ParseResult::Bad) {
        EXPECT_EQ(whole.result, ParseResult::Bad) << testing::PrintToString(bytes);
      }
      if (part.result == ParseResult::Complete) {
        EXPECT_EQ(std::pair(whole.text, whole.size), std::pair(part.text, part.size))
            << testing::PrintToString(bytes);
      }
    }
  }
}

}  // namespace osproxy::http
