// The interface that publishes a document, to the place where a store reads it.
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
#include "osproxy/store/change_note.h"

namespace osproxy {

/// The published document: its bytes, and its revision for a conditional publish.
struct PublishedDocument {
  std::int64_t revision = 0;  ///< 0: no document, and `bytes` is empty
  std::string bytes;
};

/// Why a document was not published.
struct PublishError {
  enum class Kind : std::uint8_t {
    Rejected,     ///< the decoder refused it; `rejected` names the fault and the place
    Conflict,     ///< the current revision, `revision`, is not the expected one
    Unavailable,  ///< the backend failed or sent no response in time; the document may be
                  ///< published all the same, so read before a retry
  };

  Kind kind;
  std::string message;  ///< says for a person what failed, where, and what to check
  std::optional<DecodeError> rejected{};  ///< with Kind::Rejected
  std::int64_t revision = 0;              ///< with Kind::Conflict
};

/// Thread safety: every member may be called from any thread. Both block for at most the
/// implementation's deadline, and are not for the request path.
class DirectivePublisher {
 public:
  virtual ~DirectivePublisher() = default;
  DirectivePublisher(const DirectivePublisher&) = delete;
  DirectivePublisher& operator=(const DirectivePublisher&) = delete;

  /// Decodes `document`, resolves its `ttl_secs` to `expires_at`, and replaces the published
  /// document; with `expected_revision`, only if that is still current (0: only if there is none).
  /// Returns the new revision. All or nothing. Where a history is kept, `note` goes into it.
  virtual std::expected<std::int64_t, PublishError> publish(
      std::string_view document, std::optional<std::int64_t> expected_revision,
      const ChangeNote& note) = 0;

  /// Publishes a document whose ends stand, on the revision that it was made from: each `ttl_secs`
  /// stays, so that a directive of others that was put by hand goes on with the life that it has.
  /// Kind::Unavailable from a publisher that has no such way, which is the default.
  virtual std::expected<std::int64_t, PublishError> publish_as_it_stands(
      const Document& document, std::int64_t expected_revision, const ChangeNote& note);

  /// The same as publish(), with nothing known of the author.
  std::expected<std::int64_t, PublishError> publish(std::string_view document,
                                                    std::optional<std::int64_t> expected_revision) {
    return publish(document, expected_revision, ChangeNote{});
  }

  /// Reads the published document, applied or not.
  virtual std::expected<PublishedDocument, PublishError> read() = 0;

 protected:
  DirectivePublisher() = default;
};

/// The first step of every publisher: decodes `document` and resolves its ends at `now`. Also
/// refuses an `expires_at` beyond the longest life (Fault::TtlTooLong), so that its author learns
/// of it; a store would only cut it short.
std::expected<Document, PublishError> prepare_document(std::string_view document,
                                                       const DecodeLimits& limits, WallTime now);

/// The bytes that a publisher writes for a document of which each directive is valid. Refuses one
/// that stores would reject: it has too many directives, or has become too large, since an
/// `expires_at` is longer than the `ttl_secs` that it replaces.
std::expected<std::string, PublishError> encode_for_stores(const Document& document,
                                                           const DecodeLimits& limits);

/// Makes the error of a conditional publish that came too late. `who` says who has published
/// meanwhile, such as "ana, osproxyctl off, 2030-01-01T00:00:00Z"; empty: not known.
PublishError publish_conflict(std::int64_t expected, std::int64_t current,
                              std::string_view who = {});

}  // namespace osproxy
