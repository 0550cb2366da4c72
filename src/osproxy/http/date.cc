#include "osproxy/http/date.h"

#include <array>

#include <fmt/format.h>

namespace osproxy::http {
namespace {

constexpr std::array<std::string_view, 7> kDays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

}  // namespace

void DateText::set(std::chrono::system_clock::time_point time) {
  using namespace std::chrono;
  const sys_seconds second = floor<seconds>(time);
  if (second == second_) return;
  second_ = second;
  const sys_days day = floor<days>(second);
  const year_month_day date(day);
  const hh_mm_ss<seconds> clock(second - day);
  text_ =
      fmt::format("{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT", kDays[weekday(day).c_encoding()],
                  static_cast<unsigned>(date.day()),
                  kMonths[static_cast<unsigned>(date.month()) - 1], static_cast<int>(date.year()),
                  clock.hours().count(), clock.minutes().count(), clock.seconds().count());
}

}  // namespace osproxy::http
