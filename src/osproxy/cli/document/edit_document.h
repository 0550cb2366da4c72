// Read, change, write back: how `on` and `off` edit a document that others edit too.
//
//   auto edited = edit_document(*publisher, {.limits = limits}, environment,
//                               [&](Draft& draft) { …; return std::expected<void, Failure>{}; });
//
// The write is conditional on the revision that was read, and on a conflict everything starts
// again, so that no other edit is lost. Between the attempts it waits a little: an instance may not
// have seen yet what another has just published. Directives that are over are pruned on the way. A
// directive put by hand with `ttl_secs` would start its life again when it is written back, since a
// publisher turns `ttl_secs` into an absolute end: that is refused unless `restart_ttl` allows it.
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

/// More conflicts in a row than people make; a program that publishes all the time would.
inline constexpr int kMaxEditAttempts = 8;

struct EditOptions {
  DecodeLimits limits{};
  bool restart_ttl = false;
};

struct Draft {
  Document document;                ///< without the pruned ones
  std::vector<std::string> pruned;  ///< ids of directives that are over
};

/// Changes the draft, or says why not. Called once for each attempt, each time on a fresh draft.
using Change = std::function<std::expected<void, Failure>(Draft& draft)>;

struct Edited {
  std::int64_t revision = 0;  ///< the one written; the one read if there was nothing to change
  Draft draft;
};

std::expected<Edited, Failure> edit_document(DirectivePublisher& publisher,
                                             const EditOptions& options, Environment& environment,
                                             const Change& change);

/// The published document, decoded; the failure says how to get rid of a malformed one. No document
/// is an empty one.
std::expected<Document, Failure> decode_published(const PublishedDocument& published,
                                                  const DecodeLimits& limits);

}  // namespace osproxy::cli
