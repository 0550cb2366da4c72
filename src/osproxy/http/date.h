// The time as HTTP writes it (RFC 9110, section 5.6.7).
//
//   DateText date;
//   date.set(clock.now().wall);           // a few times a second
//   out.append("Date: ").append(date.text());  // "Sun, 06 Nov 1994 08:49:37 GMT"
//
// The text is made once for each second, so that a response costs only its copy. A regular value;
// belongs to one thread.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

namespace osproxy::http {

class DateText {
 public:
  void set(std::chrono::system_clock::time_point time);

  /// Empty before the first set().
  std::string_view text() const noexcept { return text_; }

 private:
  std::chrono::sys_seconds second_{std::chrono::sys_seconds::max()};
  std::string text_;
};

}  // namespace osproxy::http
