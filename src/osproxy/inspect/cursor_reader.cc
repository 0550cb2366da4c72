#include "osproxy/inspect/cursor_reader.h"

#include <algorithm>
#include <charconv>
#include <system_error>
#include <utility>

namespace osproxy {
namespace {

using std::chrono::milliseconds;

// OpenSearch's default is a day at most (search.max_keep_alive, point_in_time.max_keep_alive).
constexpr milliseconds kMaxKeepAlive = std::chrono::days{30};

bool is_of_id(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '_' || c == '+' || c == '/' || c == '=';
}

struct Unit {
  std::string_view name;
  double ms;
};
constexpr std::array kUnits{Unit{"nanos", 1e-6}, Unit{"micros", 1e-3}, Unit{"ms", 1},
                            Unit{"s", 1e3},      Unit{"m", 60e3},      Unit{"h", 3.6e6},
                            Unit{"d", 86.4e6}};

}  // namespace

void CursorIdHash::add(std::string_view piece) noexcept {
  for (const char c : piece) {
    if (!is_of_id(c)) continue;
    block_[size_ % block_.size()] = c;
    if (++size_ % block_.size() == 0) mix();
  }
}

void CursorIdHash::mix() noexcept {
  const std::size_t filled = size_ % block_.size();
  const std::string_view block(block_.data(), filled == 0 ? block_.size() : filled);
  chain_ = sip_hash(block, {.k0 = key_.k0 ^ chain_, .k1 = key_.k1});
}

std::uint64_t CursorIdHash::finish() noexcept {
  if (size_ % block_.size() != 0) mix();
  size_ = 0;
  return std::exchange(chain_, 0);
}

std::optional<milliseconds> parse_keep_alive(std::string_view text) noexcept {
  std::uint64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc{}) return std::nullopt;
  const auto unit = std::ranges::find(
      kUnits, std::string_view(rest, static_cast<std::size_t>(end - rest)), &Unit::name);
  if (unit == kUnits.end()) return std::nullopt;
  const double ms =
      std::min(static_cast<double>(number) * unit->ms, static_cast<double>(kMaxKeepAlive.count()));
  return milliseconds{static_cast<std::int64_t>(ms)};
}

CursorReader::CursorReader(const BodyHead& head, Message message, const SipKey& key) noexcept
    : message_(message), hash_(key), body_(head, kMaxBytes) {
  reading_ = body_.unreadable() == NotRead::None;
}

void CursorReader::take(std::string_view payload) noexcept {
  const auto sink = [this](std::string_view plain) { return take_plain(plain); };
  if (body_.feed(payload, sink) != NotRead::None) reading_ = false;
  if (!reading_) body_.close();
}

bool CursorReader::take_plain(std::string_view plain) noexcept {
  while (reading_) {
    const std::string_view before = plain;
    const JsonScanner::Token token = scanner_.next(plain);
    if (value_ == Value::Id) hash_.add(before.substr(0, before.size() - plain.size()));
    if (token == JsonScanner::Token::NeedMore) return true;
    reading_ = take_token(token);
  }
  return false;
}

/// False: no more is to be read.
bool CursorReader::take_token(JsonScanner::Token token) noexcept {
  using Token = JsonScanner::Token;
  switch (token) {
    case Token::Key:
      return scanner_.depth() != 1 || take_key();
    case Token::String:
      take_text();
      return message_ == Message::Request || id_count_ == 0;
    case Token::BeginObject:
    case Token::BeginArray:
      if (value_ == Value::Id && scanner_.depth() == 2 && token == Token::BeginArray) return true;
      break;
    case Token::Malformed:
    case Token::TooDeep:
    case Token::End:
      return false;
    default:
      break;
  }
  std::ignore = hash_.finish();
  value_ = Value::Other;
  return scanner_.depth() > 0;
}

bool CursorReader::take_key() noexcept {
  const std::string_view key = scanner_.text();
  const bool is_request = message_ == Message::Request;
  is_point_in_time_ = is_point_in_time_ || key == "pit_id";
  value_ = Value::Other;
  if (key == "pit_id" || key == (is_request ? "scroll_id" : "_scroll_id")) value_ = Value::Id;
  if (is_request && key == "scroll") value_ = Value::KeepAlive;
  return is_request || value_ == Value::Id;
}

void CursorReader::take_text() noexcept {
  const bool is_single = scanner_.depth() == 1;
  if (value_ == Value::KeepAlive && is_single) keep_alive_ = parse_keep_alive(scanner_.text());
  if (value_ == Value::Id) {
    const std::uint64_t id = hash_.finish();
    names_all_ = names_all_ || scanner_.text() == "_all";
    if (id_count_ < kMaxIds) ids_[id_count_++] = id;
  }
  if (is_single) value_ = Value::Other;
}

}  // namespace osproxy
