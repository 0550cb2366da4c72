#include "osproxy/otlp/gzip.h"

#include <gtest/gtest.h>

#include "osproxy/inspect/inflater.h"

namespace osproxy::otlp {
namespace {

TEST(Gzip, MakesWhatIsDecompressedToTheSame) {
  for (const std::string& text :
       {std::string(), std::string("a"), std::string(100'000, 'a'), std::string("\0\xff", 2)}) {
    std::string plain;
    Inflater inflater;
    const auto status = inflater.feed(gzip(text), [&](std::string_view piece) {
      plain += piece;
      return true;
    });
    EXPECT_EQ(status, Inflater::Status::End);
    EXPECT_EQ(plain, text);
  }
  EXPECT_LT(gzip(std::string(100'000, 'a')).size(), 1'000U);
}

}  // namespace
}  // namespace osproxy::otlp
