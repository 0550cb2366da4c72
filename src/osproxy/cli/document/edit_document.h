// Edits the published document for `on` and `off`: reads it, changes it and writes it back.
//
//   const auto edited = edit_document(*publisher, {.limits = limits}, environment, change);
//   if (!edited) return std::unexpected(edited.error());
//
// The write succeeds only if the revision is still the one that was read. On a conflict the edit
// starts again after a short wait, so that no other edit is lost; the wait lets an instance see
// what another one has just published. Directives that are over are pruned on the way.
//
// A publisher turns `ttl_secs` into an absolute end. So a directive that was put by hand with
// `ttl_secs` would start its life again when it is written back. Such an edit is refused, unless
// `restart_ttl` allows it.
#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <string>
#include <vector>

#include "osproxy/cli/run/environment.h"
#include "osproxy/cli/run/exit_code.h"
#include "osproxy/directive/decode.h"
#include "osproxy/directive/model.h"
#include "osproxy/store/publisher.h"

namespace osproxy::cli {

/// People do not cause more conflicts in a row; only a program that publishes all the time does.
inline constexpr int kMaxEditAttempts = 8;

struct EditOptions {
  DecodeLimits limits{};
  bool restart_ttl = false;
  ChangeNote note{};  ///< for the history
};

struct Draft {
  Document document;                ///< without the pruned ones
  std::vector<std::string> pruned;  ///< ids of directives that are over
};

/// Changes the draft, or says why it cannot. Called once per attempt, each time with a fresh draft.
using Change = std::function<std::expected<void, Failure>(Draft& draft)>;

struct Edited {
  std::int64_t revision = 0;  ///< the one written, or the one read if nothing had to change
  Draft draft;
};

std::expected<Edited, Failure> edit_document(DirectivePublisher& publisher,
                                             const EditOptions& options, Environment& environment,
                                             const Change& change);

/// Decodes the published document; none counts as an empty one. The failure says how to replace a
/// malformed one.
std::expected<Document, Failure> decode_published(const PublishedDocument& published,
                                                  const DecodeLimits& limits);

}  // namespace osproxy::cli
