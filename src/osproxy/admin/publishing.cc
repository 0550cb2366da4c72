#include "osproxy/admin/publishing.h"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <utility>

#include <fmt/format.h>

#include "osproxy/admin/visible_directives.h"
#include "osproxy/directive/decode.h"
#include "osproxy/store/history.h"

namespace osproxy::admin {
namespace {

Response rejected(const PublishError& error) {
  // DirectivePublisher promises a reason for each rejection.
  const DecodeError fault = error.rejected.value();
  return error_response(400, to_string(fault.fault), error.message, [&](JsonWriter& json) {
    json.field("slug", to_string(fault.fault)).field("where", fault.where);
  });
}

Response conflict(const PublishError& error) {
  Response response = error_response(412, "conflict", error.message, [&](JsonWriter& json) {
    json.field("revision", error.revision);
  });
  response.headers.emplace_back("ETag", etag(error.revision));
  return response;
}

/// True if all of `ids` are directives of `document` that the caller sees.
bool sees_all(const Caller& caller, const DirectiveIds& ids, const Document& document) {
  if (ids.count != std::ssize(ids.ids)) return false;  // the list is cut
  return std::ranges::all_of(ids.ids, [&](const std::string& id) {
    const auto found = std::ranges::find(document.directives, id, &Directive::id);
    return found != document.directives.end() && sees(caller, *found);
  });
}

/// The document of a revision; empty if there was none, or the history does not have it.
Document document_at(HistoryReader& history, std::int64_t revision, const DecodeLimits& limits) {
  if (revision == 0) return {};
  const auto entry = history.find(revision);
  if (!entry || !entry->document) return {};
  return decode_document(*entry->document, limits).value_or(Document{});
}

/// A changed directive may have been another tenant's before.
bool sees_change(const Context& context, const Caller& caller, const HistoryEntry& entry) {
  if (!caller.is_bound()) return true;
  if (!entry.diff || entry.diff->is_empty() || !entry.document) return false;
  HistoryReader& history = *context.dependencies.history;
  const DecodeLimits& limits = context.options.limits;
  const Document after = decode_document(*entry.document, limits).value_or(Document{});
  const Document before = document_at(history, entry.previous, limits);
  return sees_all(caller, entry.diff->came, after) && sees_all(caller, entry.diff->went, before) &&
         sees_all(caller, entry.diff->changed, after) &&
         sees_all(caller, entry.diff->changed, before);
}

Parameter note_parameter(std::string_view name, std::string& into) {
  return {.name = name, .rule = "a text of 1 to 256 bytes", .store = [&into](std::string text) {
            into = std::move(text);
            return !into.empty() && into.size() <= kMaxNoteBytes;
          }};
}

}  // namespace

std::string etag(std::int64_t revision) { return fmt::format("\"{}\"", revision); }

// Reads `"4812"`, or `*` for any. ETags are strong, and a writer can mean one revision only.
std::expected<std::optional<std::int64_t>, Response> expected_revision(const Request& request) {
  if (!request.if_match || *request.if_match == "*") return std::nullopt;
  const std::string_view quoted = *request.if_match;
  std::int64_t revision = -1;
  if (quoted.size() > 2 && quoted.front() == '"' && quoted.back() == '"') {
    const char* const end = quoted.data() + quoted.size() - 1;
    const auto parsed = std::from_chars(quoted.data() + 1, end, revision);
    if (parsed.ec != std::errc() || parsed.ptr != end) revision = -1;
  }
  if (revision < 0) {
    return std::unexpected(error_response(
        400, "bad_if_match", "If-Match must be one revision in quotes, as in the ETag, or *"));
  }
  return revision;
}

PublishError explain_conflict(const Context& context, const Caller& caller, std::int64_t expected,
                              std::int64_t current) {
  std::string who;
  if (HistoryReader* const history = context.dependencies.history) {
    const auto entry = history->find(current);
    if (entry && entry->fault.empty() && sees_change(context, caller, *entry)) {
      who = describe_change(*entry);
    }
  }
  return publish_conflict(expected, current, who);
}

Response publish_refusal(const PublishError& error) {
  switch (error.kind) {
    case PublishError::Kind::Rejected:
      return rejected(error);
    case PublishError::Kind::Conflict:
      return conflict(error);
    case PublishError::Kind::Unavailable:
      break;
  }
  return error_response(503, "unavailable", error.message);
}

Response read_only() {
  return error_response(403, "read_only",
                        "this instance takes its directives from elsewhere; publish there");
}

std::expected<ChangeNote, Response> read_note(const Request& request, std::vector<Parameter> more) {
  ChangeNote note{.by = "admin API"};
  more.push_back(note_parameter("author", note.author));
  more.push_back(note_parameter("by", note.by));
  more.push_back(note_parameter("reason", note.reason));
  if (auto read = read_query(request.query(), more); !read) return std::unexpected(read.error());
  if (request.caller->is_named) note.author = request.caller->name;
  return clean_note(std::move(note));
}

}  // namespace osproxy::admin
