#include "osproxy/admin/publishing.h"

#include <charconv>
#include <utility>

#include <fmt/format.h>

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
