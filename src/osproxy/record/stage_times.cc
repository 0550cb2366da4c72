#include "osproxy/record/stage_times.h"

#include <algorithm>
#include <utility>

namespace osproxy {

std::string_view to_string(Stage stage) noexcept {
  switch (stage) {
    case Stage::Receive:
      return "receive";
    case Stage::Match:
      return "match";
    case Stage::ReceiveBody:
      return "receive_body";
    case Stage::Queue:
      return "queue";
    case Stage::Connect:
      return "connect";
    case Stage::Tls:
      return "tls";
    case Stage::Send:
      return "send";
    case Stage::FirstByte:
      return "first_byte";
    case Stage::Transfer:
      return "transfer";
    case Stage::SendBack:
      return "send_back";
  }
  std::unreachable();
}

void StageTimes::enter(Stage stage, std::chrono::nanoseconds since_start) noexcept {
  if (stage <= current_ && stage != Stage::Queue) return;
  advance(since_start);
  current_ = stage;
  entered_ |= static_cast<std::uint16_t>(1U << static_cast<unsigned>(stage));
}

void StageTimes::end(std::chrono::nanoseconds since_start) noexcept { advance(since_start); }

void StageTimes::advance(std::chrono::nanoseconds since_start) noexcept {
  const Micros now = std::max(last_, std::chrono::floor<Micros>(since_start));
  spent_[static_cast<std::size_t>(current_)] += now - last_;
  last_ = now;
}

std::optional<StageTimes::Micros> StageTimes::spent(Stage stage) const noexcept {
  const auto place = static_cast<std::size_t>(stage);
  if (((entered_ >> place) & 1) == 0) return std::nullopt;
  return spent_[place];
}

void StageTimes::add_client_wait(Stage stage, std::chrono::nanoseconds wait) noexcept {
  (stage == Stage::Send ? send_wait_ : transfer_wait_) += wait;
}

std::optional<StageTimes::Micros> StageTimes::client_wait(Stage stage) const noexcept {
  const auto total = spent(stage);
  if (!total || (stage != Stage::Send && stage != Stage::Transfer)) return std::nullopt;
  const auto wait = stage == Stage::Send ? send_wait_ : transfer_wait_;
  return std::min(*total, std::chrono::floor<Micros>(wait));
}

}  // namespace osproxy
