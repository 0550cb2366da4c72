// GET and POST /admin/directives: reads the document in force, and publishes another.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <iterator>
#include <optional>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "osproxy/admin/handlers.h"
#include "osproxy/admin/publishing.h"
#include "osproxy/admin/visible_directives.h"
#include "osproxy/directive/decode.h"
#include "osproxy/directive/encode.h"

namespace osproxy::admin {
namespace {

using Published = std::expected<std::int64_t, PublishError>;

// A program that publishes all the time causes conflicts in a row; people do not.
constexpr int kMaxMergeAttempts = 8;

// A caller that is bound to tenants may have this part of the directives that a document may have,
// so that it leaves room for those of others.
constexpr std::size_t kBoundShare = 10;

std::optional<Response> refuse_too_many(const Document& own, const DecodeLimits& limits) {
  const std::size_t most = limits.max_directives / kBoundShare;
  if (own.directives.size() <= most) return std::nullopt;
  const std::string_view slug = to_string(Fault::TooManyDirectives);
  return error_response(
      400, slug,
      fmt::format("a caller that is bound to tenants may have {} directives, and these are {}",
                  most, own.directives.size()),
      [&](JsonWriter& json) { json.field("slug", slug).field("where", "directives"); });
}

Response duplicate_id(std::size_t place) {
  const std::string where = fmt::format("directives[{}].id", place);
  const std::string_view slug = to_string(Fault::DuplicateId);
  return error_response(400, slug, where + ": another directive has this id",
                        [&](JsonWriter& json) { json.field("slug", slug).field("where", where); });
}

// The directives of others come first, as they stand: one that was put by hand with `ttl_secs`, or
// with an end beyond the longest life, goes on with the life that it has.
std::expected<Document, Response> merge(const Caller& caller, const Document& published,
                                        const Document& own) {
  Document merged;
  for (const Directive& one : published.directives) {
    if (!sees(caller, one)) merged.directives.push_back(one);
  }
  for (std::size_t i = 0; i < own.directives.size(); ++i) {
    const auto has_same_id = [&](const Directive& other) {
      return other.id == own.directives[i].id;
    };
    if (std::ranges::any_of(merged.directives, has_same_id)) {
      return std::unexpected(duplicate_id(i));
    }
  }
  std::ranges::copy(own.directives, std::back_inserter(merged.directives));
  return merged;
}

std::expected<Document, Response> decode(const PublishedDocument& published,
                                         const DecodeLimits& limits) {
  if (published.revision == 0 && published.bytes.empty()) return Document{};
  auto document = decode_document(published.bytes, limits);
  if (document) return *std::move(document);
  return std::unexpected(error_response(
      409, "published_is_malformed",
      "the published document is malformed; ask somebody who is not bound to tenants to publish a "
      "correct one"));
}

// Replaces the directives that the caller sees, and no others, in the newest document.
std::expected<Published, Response> publish_own(const Context& context, const Request& request,
                                               std::optional<std::int64_t> expected,
                                               const ChangeNote& note) {
  DirectivePublisher& publisher = *context.dependencies.publisher;
  const DecodeLimits& limits = context.options.limits;
  const auto own = prepare_document(request.body, limits, context.dependencies.clock.now().wall);
  if (!own) return Published(std::unexpected(own.error()));
  if (auto refused = refuse_others(*request.caller, *own)) {
    return std::unexpected(*std::move(refused));
  }
  if (auto refused = refuse_too_many(*own, limits)) return std::unexpected(*std::move(refused));
  for (int attempt = 1;; ++attempt) {
    const auto published = publisher.read();
    if (!published) return Published(std::unexpected(published.error()));
    if (expected && *expected != published->revision) {
      return Published(std::unexpected(
          explain_conflict(context, *request.caller, *expected, published->revision)));
    }
    const std::int64_t base = published->revision;
    const auto current = decode(*published, limits);
    if (!current) return std::unexpected(current.error());
    const auto merged = merge(*request.caller, *current, *own);
    if (!merged) return std::unexpected(merged.error());
    auto written = publisher.publish_as_it_stands(*merged, published->revision, note);
    const bool is_late = !written && written.error().kind == PublishError::Kind::Conflict;
    if (!is_late) return written;
    if (expected || attempt == kMaxMergeAttempts) {
      // The publisher's message says who has published which directives: perhaps those of others.
      return Published(std::unexpected(
          explain_conflict(context, *request.caller, base, written.error().revision)));
    }
  }
}

// A caller that is bound to no tenants replaces the whole document.
std::expected<Published, Response> publish(const Context& context, const Request& request,
                                           std::optional<std::int64_t> expected,
                                           const ChangeNote& note) {
  if (request.caller->is_bound()) return publish_own(context, request, expected, note);
  return context.dependencies.publisher->publish(request.body, expected, note);
}

}  // namespace

Response get_directives(const Context& context, const Request& request, std::string_view) {
  // Reads the revision first: if the set changes in between, the ETag is too old, not too new, and
  // a conditional POST based on this response fails and does not overwrite.
  const std::int64_t revision = context.dependencies.store.status().revision;
  Document document = context.dependencies.store.load()->document();
  std::erase_if(document.directives,
                [&](const Directive& one) { return !sees(*request.caller, one); });
  Response response{.body = encode_document(document)};
  response.headers.emplace_back("ETag", etag(revision));
  return response;
}

Response post_directives(const Context& context, const Request& request, std::string_view) {
  if (context.dependencies.publisher == nullptr) return read_only();
  const auto expected = expected_revision(request);
  if (!expected) return expected.error();
  const auto note = read_note(request);
  if (!note) return note.error();
  const auto outcome = publish(context, request, *expected, *note);
  if (!outcome) return outcome.error();
  const Published& published = *outcome;
  if (!published) return publish_refusal(published.error());

  JsonWriter json;
  json.begin_object().field("revision", *published).end_object();
  Response response{.body = std::move(json).take()};
  response.headers.emplace_back("ETag", etag(*published));
  return response;
}

}  // namespace osproxy::admin
