#include "osproxy/http/date.h"

#include <chrono>

#include <gtest/gtest.h>

namespace osproxy::http {
namespace {

using namespace std::chrono;
using namespace std::chrono_literals;

TEST(DateText, IsThatOfTheSpecification) {
  DateText date;
  EXPECT_EQ(date.text(), "");
  date.set(sys_days(November / 6 / 1994) + 8h + 49min + 37s + 999ms);
  EXPECT_EQ(date.text(), "Sun, 06 Nov 1994 08:49:37 GMT");  // RFC 9110, section 5.6.7
  date.set(sys_days(February / 29 / 2028));
  EXPECT_EQ(date.text(), "Tue, 29 Feb 2028 00:00:00 GMT");
}

}  // namespace
}  // namespace osproxy::http
