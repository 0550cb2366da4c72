// Helpers of the endpoints that change the document: revisions as ETags, refusals, and the note for
// the history.
//
// Thread safety: pure functions, but for explain_conflict(), which reads the history and blocks for
// at most its deadline.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "osproxy/admin/handlers.h"
#include "osproxy/admin/message.h"
#include "osproxy/admin/query.h"
#include "osproxy/store/change_note.h"
#include "osproxy/store/publisher.h"

namespace osproxy::admin {

/// `"4812"`, with the quotes.
std::string etag(std::int64_t revision);

/// The revision in If-Match; nullopt: any.
std::expected<std::optional<std::int64_t>, Response> expected_revision(const Request& request);

/// The conflict of a change that expected `expected`: says who has published `current` meanwhile
/// and what, if the history knows. A caller that is bound to tenants learns that only of a change
/// that touches no directives of others.
PublishError explain_conflict(const Context& context, const Caller& caller, std::int64_t expected,
                              std::int64_t current);

/// The response to a publish that failed.
Response publish_refusal(const PublishError& error);

/// The response to a request that changes the document where that is not possible.
Response read_only();

/// Reads the note of a change: the parameters `author`, `by` and `reason`, and others of the
/// endpoint. `by` is "admin API" if the client does not say. A caller whom a file names is the
/// author, whatever the client says.
std::expected<ChangeNote, Response> read_note(const Request& request,
                                              std::vector<Parameter> more = {});

}  // namespace osproxy::admin
