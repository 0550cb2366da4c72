// A body's own bytes, decompressed if need be, up to a bound: what the readers of bodies read.
//
//   PlainBody body({.endpoint = …, .content_type = …, .content_encoding = …}, 1 << 20);
//   if (body.unreadable() != NotRead::None) …
//   const NotRead reason = body.feed(payload, [&](std::string_view plain) { …; return wanted; });
//
// One owner; not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "osproxy/directive/model.h"
#include "osproxy/inspect/inflater.h"
#include "osproxy/record/response_facts.h"

namespace osproxy {

/// What is known of a body before it comes: the request's endpoint, and what its head says.
struct BodyHead {
  Endpoint endpoint = Endpoint::Unknown;
  std::string_view content_type{};      ///< empty: taken for JSON
  std::string_view content_encoding{};  ///< empty: none
};

class PlainBody {
 public:
  /// The views are used no longer than this call.
  PlainBody(const BodyHead& head, std::uint64_t max_bytes) noexcept;

  /// Why none of it can be read: NotJson, UnknownCoding, OutOfMemory; else None.
  NotRead unreadable() const noexcept { return unreadable_; }

  /// Hands on what is in `payload`; `sink(plain)` says whether it wants more. Returns why there
  /// can be no more: BadCoding, OutOfMemory, or TooLong if the sink wanted what is behind the
  /// bound; else None.
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

  /// Handed on so far.
  std::uint64_t bytes() const noexcept { return bytes_; }

  /// Frees what decompression takes. Not within feed(), and no feed() afterwards.
  void close() noexcept { inflater_.reset(); }

 private:
  static NotRead reason_of(Inflater::Status status) noexcept;

  const std::uint64_t max_bytes_;
  std::uint64_t bytes_ = 0;
  NotRead unreadable_ = NotRead::None;
  std::unique_ptr<Inflater> inflater_;
};

}  // namespace osproxy
