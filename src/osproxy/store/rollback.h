// Plans a rollback: the document of an earlier revision, without the directives that are over.
//
//   const RollbackPlan plan =
//       plan_rollback(current, {.document = then, .first_seen = first_seen}, now);
//   publisher.publish(encode_document(plan.document), revision, note);
//
// No directive lives longer than it would have lived then: an `expires_at` stays, and a `ttl_secs`
// counts from the first sight of the directive, not from the rollback. If the history does not show
// that, the directive is left out.
//
// Thread safety: pure functions.
#pragma once

#include <chrono>
#include <expected>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "osproxy/core/clock.h"
#include "osproxy/directive/decode.h"
#include "osproxy/directive/model.h"
#include "osproxy/store/document_diff.h"
#include "osproxy/store/history.h"

namespace osproxy {

struct RollbackSource {
  Document document;
  /// When a directive that was put by hand was first seen; nullopt: not known.
  std::function<std::optional<WallTime>(const Directive&)> first_seen{};
  /// Instances end a directive so long after its first sight, whatever it says.
  std::chrono::seconds max_life = DecodeLimits{}.max_life;
};

struct RollbackPlan {
  Document document{};              ///< all ends are absolute
  std::vector<std::string> over{};  ///< ids that have ended, or whose end is not known: left out
  DocumentDiff diff{};              ///< from the current document
};

RollbackPlan plan_rollback(const Document& current, const RollbackSource& source, WallTime now);

/// A rollback that may be published, or why there is none.
struct PreparedRollback {
  RollbackPlan plan;
  HistoryEntry entry;  ///< that it goes back to
};

/// Reads the entry of `revision` and plans the rollback to it. `current` is the published document;
/// one that is malformed counts as empty. Refuses a revision of which no directive is alive: that
/// would turn everything off, which is another command.
std::expected<PreparedRollback, HistoryError> prepare_rollback(HistoryReader& history,
                                                               std::int64_t revision,
                                                               std::string_view current,
                                                               const DecodeLimits& limits,
                                                               WallTime now);

}  // namespace osproxy
