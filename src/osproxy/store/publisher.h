// Writing a document to where a store reads it from.
#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "osproxy/core/clock.h"
#include "osproxy/directive/decode.h"
#include "osproxy/directive/model.h"

namespace osproxy {

/// What is published now: the bytes as they are, and their revision for a conditional publish.
struct PublishedDocument {
  std::int64_t revision = 0;  ///< 0: there is none, and `bytes` is empty
  std::string bytes;
};

/// The document was not published because...
struct PublishError {
  enum class Kind : std::uint8_t {
    Rejected,     ///< ...the decoder refused it; `rejected` says what and where
    Conflict,     ///< ...the current revision is not the expected one; `revision` is the current
    Unavailable,  ///< ...the backend did not answer in time or said no; it may have been applied
                  ///< all the same, so read before trying again
  };

  Kind kind;
  std::string message;                    ///< for a person: what happened, where, what to check
  std::optional<DecodeError> rejected{};  ///< with Kind::Rejected
  std::int64_t revision = 0;              ///< with Kind::Conflict
};

/// Thread safety: every member may be called from any thread. Both may block for up to the
/// implementation's deadline; neither is for the request path.
class DirectivePublisher {
 public:
  virtual ~DirectivePublisher() = default;
  DirectivePublisher(const DirectivePublisher&) = delete;
  DirectivePublisher& operator=(const DirectivePublisher&) = delete;

  /// Decodes `document`, resolves its `ttl_secs` to `expires_at`, and replaces what is published;
  /// with `expected_revision` only if that is still the current one (0: only if there is none).
  /// Returns the new revision. All or nothing.
  virtual std::expected<std::int64_t, PublishError> publish(
      std::string_view document, std::optional<std::int64_t> expected_revision) = 0;

  /// The document as it is published now, applied or not.
  virtual std::expected<PublishedDocument, PublishError> read() = 0;

 protected:
  DirectivePublisher() = default;
};

/// What every publisher does first: decodes `document` and resolves its ends at `now`; an
/// `expires_at` further away than the longest life allowed is refused too (Fault::TtlTooLong), so
/// that its author learns of it, where a store would only cut it short.
std::expected<Document, PublishError> prepare_document(std::string_view document,
                                                       const DecodeLimits& limits, WallTime now);

/// The error of a conditional publish that came too late.
PublishError publish_conflict(std::int64_t expected, std::int64_t current);

}  // namespace osproxy
