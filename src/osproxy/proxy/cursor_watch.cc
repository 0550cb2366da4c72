#include "osproxy/proxy/cursor_watch.h"

#include <algorithm>
#include <new>
#include <utility>

#include "osproxy/identify/classify.h"

namespace osproxy {
namespace {

constexpr std::string_view kScroll = "/_search/scroll";
constexpr std::string_view kPoint = "/_search/point_in_time";

std::string_view parameter(std::string_view query, std::string_view name) noexcept {
  while (!query.empty()) {
    const std::string_view one = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), one.size() + 1));
    if (one.starts_with(name) && one.size() > name.size() && one[name.size()] == '=') {
      return one.substr(name.size() + 1);
    }
  }
  return {};
}

BodyHead body_head(const http::MessageHead& head) noexcept {
  return {.content_type = http::find_header(head, "Content-Type"),
          .content_encoding = http::find_header(head, "Content-Encoding")};
}

}  // namespace

std::optional<CursorWatch::Does> CursorWatch::does(const Call& call) noexcept {
  if (call.endpoint == Endpoint::Search) {
    const std::string_view query = query_of(call.head.target);
    if (!query.empty() && !parameter(query, "scroll").empty()) return Does::OpenScroll;
    return call.has_index ? std::nullopt : std::optional(Does::Search);
  }
  if (call.endpoint != Endpoint::Cursor) return std::nullopt;
  const std::string_view path = path_of(call.head.target);
  const bool deletes = call.head.method == "DELETE";
  if (path.contains(kScroll)) return deletes ? Does::CloseScroll : Does::Continue;
  if (!path.contains(kPoint)) return std::nullopt;
  if (deletes) return Does::ClosePoint;
  return call.head.method == "POST" ? std::optional(Does::OpenPoint) : std::nullopt;
}

bool CursorWatch::names_point(std::string_view beginning) noexcept {
  constexpr std::string_view kStart = R"({"pit_id")";
  std::size_t matched = 0;
  for (const char c : beginning) {
    if (c == ' ' || c == '\t' || c == '\r' || c == '\n') continue;  // `pretty`
    if (c != kStart[matched]) return false;
    if (++matched == kStart.size()) break;
  }
  return true;  // so far
}

std::unique_ptr<CursorWatch> CursorWatch::begin(const Call& call, CursorTable& table) noexcept {
  const auto does = CursorWatch::does(call);
  if (!does) return nullptr;
  return std::unique_ptr<CursorWatch>(new (std::nothrow) CursorWatch(call, *does, table));
}

CursorWatch::CursorWatch(const Call& call, Does does, CursorTable& table) noexcept
    : does_(does), table_(table) {
  const std::string_view query = query_of(call.head.target);
  keep_alive_ =
      parse_keep_alive(parameter(query, does == Does::OpenPoint ? "keep_alive" : "scroll"));
  if (does == Does::Continue || does == Does::CloseScroll || does == Does::ClosePoint) {
    request_.emplace(body_head(call.head), CursorReader::Message::Request, table.key());
    read_path_ids(path_of(call.head.target));
    if (!path_id_) add_id(parameter(query, "scroll_id"));
  }
}

/// The path `/_search/scroll/{id}` may name several ids for a DELETE; then the first one counts.
void CursorWatch::read_path_ids(std::string_view path) noexcept {
  path = path.substr(path.rfind('/') + 1);
  names_all_ = path == "_all";
  if (path != "scroll" && path != "point_in_time") add_id(path.substr(0, path.find(',')));
}

void CursorWatch::add_id(std::string_view encoded) noexcept {
  if (encoded.empty()) return;
  CursorIdHash hash(table_.key());
  for (std::size_t percent = 0; (percent = encoded.find("%3D")) != std::string_view::npos;) {
    hash.add(encoded.substr(0, percent));  // the padding of base64
    hash.add("=");
    encoded.remove_prefix(percent + 3);
  }
  hash.add(encoded);
  path_id_ = hash.finish();
}

void CursorWatch::response_head(const http::ResponseHead& head) noexcept {
  if (does_ == Does::CloseScroll || does_ == Does::ClosePoint) return;
  response_.emplace(body_head(head), CursorReader::Message::Response, table_.key());
}

void CursorWatch::finish(int status, Now now, const std::function<OpenCursor()>& requester) {
  const bool is_done = 200 <= status && status < 300;
  if (does_ == Does::CloseScroll || does_ == Does::ClosePoint) {
    if (is_done || status == 404) close();
    return;
  }
  const bool is_point = response_ && response_->is_point_in_time();
  if (!is_done || !response_ || response_->ids().empty()) return;
  const std::uint64_t id = response_->ids().front();
  OpenCursor cursor = requester();
  cursor.kind = is_point ? CursorKind::PointInTime : CursorKind::Scroll;
  if (does_ == Does::OpenScroll || does_ == Does::OpenPoint) {
    cursor.keep_alive = keep_alive_.value_or(CursorTable::kAssumedKeepAlive);
    return table_.open(id, std::move(cursor), now);
  }
  std::uint64_t old = path_id_.value_or(id);
  if (request_ && !request_->ids().empty()) old = request_->ids().front();
  if (request_ && request_->keep_alive()) keep_alive_ = request_->keep_alive();
  table_.use(old, id, keep_alive_, std::move(cursor), now);
}

void CursorWatch::close() const {
  if (names_all_ || request_->names_all()) {
    return table_.close_all(does_ == Does::CloseScroll ? CursorKind::Scroll
                                                       : CursorKind::PointInTime);
  }
  if (path_id_) table_.close(*path_id_);
  for (const std::uint64_t id : request_->ids()) table_.close(id);
}

}  // namespace osproxy
