// GET and POST /admin/directives: reads the document in force, and publishes another.
#include <charconv>
#include <cstdint>
#include <expected>
#include <optional>

#include <fmt/format.h>

#include "osproxy/admin/handlers.h"
#include "osproxy/directive/encode.h"

namespace osproxy::admin {
namespace {

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

Response refusal(const PublishError& error) {
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

}  // namespace

Response get_directives(const Context& context, const Request&, std::string_view) {
  // Reads the revision first: if the set changes in between, the ETag is too old, not too new, and
  // a conditional POST based on this response fails and does not overwrite.
  const std::int64_t revision = context.dependencies.store.status().revision;
  Response response{.body = encode_document(context.dependencies.store.load()->document())};
  response.headers.emplace_back("ETag", etag(revision));
  return response;
}

Response post_directives(const Context& context, const Request& request, std::string_view) {
  if (context.dependencies.publisher == nullptr) {
    return error_response(403, "read_only",
                          "this instance takes its directives from elsewhere; publish there");
  }
  const auto expected = expected_revision(request);
  if (!expected) return expected.error();
  const auto published = context.dependencies.publisher->publish(request.body, *expected);
  if (!published) return refusal(published.error());

  JsonWriter json;
  json.begin_object().field("revision", *published).end_object();
  Response response{.body = std::move(json).take()};
  response.headers.emplace_back("ETag", etag(*published));
  return response;
}

}  // namespace osproxy::admin
