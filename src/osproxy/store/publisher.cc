#include "osproxy/store/publisher.h"

#include <utility>
#include <variant>

#include <fmt/format.h>

#include "osproxy/directive/encode.h"
#include "osproxy/directive/life.h"

namespace osproxy {
namespace {

PublishError rejection(DecodeError error) {
  const std::string place = error.where.empty() ? "the document" : error.where;
  return {.kind = PublishError::Kind::Rejected,
          .message = fmt::format("rejected: {} at {}", to_string(error.fault), place),
          .rejected = std::move(error)};
}

}  // namespace

std::expected<std::int64_t, PublishError> DirectivePublisher::publish_as_it_stands(
    const Document&, std::int64_t, const ChangeNote&) {
  return std::unexpected(
      PublishError{.kind = PublishError::Kind::Unavailable,
                   .message = "this way of publishing gives each ttl_secs a new life"});
}

std::expected<Document, PublishError> prepare_document(std::string_view document,
                                                       const DecodeLimits& limits, WallTime now) {
  auto decoded = decode_document(document, limits);
  if (!decoded) return std::unexpected(rejection(std::move(decoded).error()));

  Document resolved = with_absolute_ends(*std::move(decoded), now);
  for (std::size_t i = 0; i < resolved.directives.size(); ++i) {
    if (std::get<AbsoluteEnd>(resolved.directives[i].end) > now + limits.max_life) {
      return std::unexpected(rejection(
          {.fault = Fault::TtlTooLong, .where = fmt::format("directives[{}].expires_at", i)}));
    }
  }
  return resolved;
}

std::expected<std::string, PublishError> encode_for_stores(const Document& document,
                                                           const DecodeLimits& limits) {
  if (document.directives.size() > limits.max_directives) {
    return std::unexpected(rejection({.fault = Fault::TooManyDirectives, .where = "directives"}));
  }
  std::string bytes = encode_document(document);
  if (bytes.size() <= limits.max_bytes) return bytes;
  PublishError error = rejection({.fault = Fault::TooLarge, .where = {}});
  error.message += fmt::format(
      ": it has {} bytes as it is published, with each ttl_secs as expires_at, and may have {}",
      bytes.size(), limits.max_bytes);
  return std::unexpected(std::move(error));
}

PublishError publish_conflict(std::int64_t expected, std::int64_t current, std::string_view who) {
  return {.kind = PublishError::Kind::Conflict,
          .message = fmt::format("the published revision is {}, not {}{}{}: read it and try again",
                                 current, expected, who.empty() ? "" : "; it is by ", who),
          .rejected = std::nullopt,
          .revision = current};
}

}  // namespace osproxy
