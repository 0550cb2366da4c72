// Follows a request that opens, continues or closes a scroll or a point in time, and tells the
// table of open cursors (observe/cursor_table.h).
//
//   const auto watch = CursorWatch::begin({.head = head, .endpoint = Endpoint::Search}, table);
//   if (watch == nullptr) return;  // of all other requests
//   watch->request_body(piece);
//   watch->response_head(received);
//   watch->response_body(piece);
//   watch->finish(status, now, [] { return OpenCursor{.tenant = "acme"}; });
//
// The path tells such a request, and `scroll=` in the query of a search. Any search without an
// index in its path may have a point in time, which the first key of its response tells. A watch
// begins there only if the response does (may_have_point() and names_point()), so that other
// searches pay for nothing. Paths that are percent-encoded without need are not recognized.
//
// `head` and `table` must outlive it. Belongs to its worker.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>

#include "osproxy/core/clock.h"
#include "osproxy/directive/model.h"
#include "osproxy/http/head.h"
#include "osproxy/inspect/cursor_reader.h"
#include "osproxy/observe/cursor_table.h"

namespace osproxy {

class CursorWatch {
 public:
  struct Call {
    const http::RequestHead& head;
    Endpoint endpoint = Endpoint::Unknown;
    bool has_index = false;  ///< in its path or query
  };

  /// True for a search that may have a point in time, and is nothing else of this.
  static bool may_have_point(const Call& call) noexcept { return does(call) == Does::Search; }

  /// False if a response that begins so is of a search without a point in time. `beginning` is not
  /// compressed.
  static bool names_point(std::string_view beginning) noexcept;

  /// Null for a request that has nothing to do with cursors, and if there is no memory.
  static std::unique_ptr<CursorWatch> begin(const Call& call, CursorTable& table) noexcept;

  void request_body(std::string_view payload) noexcept {
    if (request_) request_->read(payload);
  }
  void response_head(const http::ResponseHead& head) noexcept;
  void response_body(std::string_view payload) noexcept {
    if (response_) response_->read(payload);
  }

  /// `status` is the node's, 0 if there is none. `requester` makes the names of the one who sent
  /// it, if they are needed.
  void finish(int status, Now now, const std::function<OpenCursor()>& requester);

 private:
  enum class Does : std::uint8_t {
    OpenScroll,
    OpenPoint,
    Continue,
    Search,
    CloseScroll,
    ClosePoint
  };

  CursorWatch(const Call& call, Does does, CursorTable& table) noexcept;

  static std::optional<Does> does(const Call& call) noexcept;
  void read_path_ids(std::string_view path) noexcept;
  void add_id(std::string_view encoded) noexcept;
  void close() const;

  const Does does_;
  CursorTable& table_;
  std::optional<std::chrono::milliseconds> keep_alive_;  // of the query
  bool names_all_ = false;                               // in the path
  std::optional<std::uint64_t> path_id_;                 // the first one of the path or the query
  std::optional<CursorReader> request_;
  std::optional<CursorReader> response_;
};

}  // namespace osproxy
