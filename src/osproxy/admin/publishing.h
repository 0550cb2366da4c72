// Helpers of the endpoints that change the document: revisions as ETags, refusals, and the note for
// the history.
//
// Thread safety: pure functions.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "osproxy/admin/message.h"
#include "osproxy/admin/query.h"
#include "osproxy/store/change_note.h"
#include "osproxy/store/publisher.h"

namespace osproxy::admin {

/// `"4812"`, with the quotes.
std::string etag(std::int64_t revision);

/// The revision in If-Match; nullopt: any.
std::expected<std::optional<std::int64_t>, Response> expected_revision(const Request& request);

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
