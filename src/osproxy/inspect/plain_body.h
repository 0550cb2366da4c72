// Gives the readers of bodies plain bytes: it decompresses a body if need be, up to a bound.
//
//   PlainBody body({.content_type = "application/json", .content_encoding = "gzip"}, 1 << 20);
//   if (body.unreadable() != NotRead::None) return;
//   std::string text;
//   const NotRead reason = body.feed(payload, [&](std::string_view plain) {
//     text += plain;
//     return true;  // more
//   });
//
// Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "osproxy/directive/model.h"
#include "osproxy/inspect/inflater.h"
#include "osproxy/record/response_facts.h"

namespace osproxy {

/// The facts about a body that are known before it arrives.
struct BodyHead {
  Endpoint endpoint = Endpoint::Unknown;
  bool is_by_query = false;             ///< of a reindex, an update by query or a delete by query
  bool is_stream = false;               ///< of `_bulk/stream`: a sequence of JSON values
  std::string_view content_type{};      ///< empty if there is none; the body is then read as JSON
  std::string_view content_encoding{};  ///< empty if there is none
  std::string_view query{};             ///< of the request's target; may hold a filter_path
};

class PlainBody {
 public:
  /// Uses the views only within this call.
  PlainBody(const BodyHead& head, std::uint64_t max_bytes) noexcept;

  /// Why the body cannot be read at all: NotJson, UnknownCoding, OutOfMemory; else None.
  NotRead unreadable() const noexcept { return unreadable_; }

  /// Calls `sink(plain)` with the plain bytes of `payload`; the sink returns true if it wants more.
  /// Returns why no more can be read: BadCoding, OutOfMemory, or TooLong if the sink wants more
  /// than the bound; else None.
  template <class Sink>
  NotRead feed(std::string_view payload, Sink&& sink) {
    bool too_long = false;
    const auto bounded = [&](std::string_view plain) {
      const bool fits = plain.size() <= max_bytes_ - bytes_;
      plain = plain.substr(0, max_bytes_ - bytes_);
      bytes_ += plain.size();
      const bool wanted = sink(plain);
      too_long = wanted && !fits;
      return wanted && fits;
    };
    if (inflater_ == nullptr) {
      bounded(payload);
    } else if (const NotRead reason = reason_of(inflater_->feed(payload, bounded));
               reason != NotRead::None) {
      return reason;
    }
    return too_long ? NotRead::TooLong : NotRead::None;
  }

  /// The number of plain bytes passed to sinks so far.
  std::uint64_t bytes() const noexcept { return bytes_; }

  /// The bytes so far are compressed, and less than a whole body.
  bool is_cut_off() const noexcept { return inflater_ != nullptr && inflater_->is_open(); }

  /// Frees the memory of decompression. Do not call it within feed(), nor feed() afterwards.
  void close() noexcept { inflater_.reset(); }

 private:
  static NotRead reason_of(Inflater::Status status) noexcept;

  const std::uint64_t max_bytes_;
  std::uint64_t bytes_ = 0;
  NotRead unreadable_ = NotRead::None;
  std::unique_ptr<Inflater> inflater_;
};

}  // namespace osproxy
