#include "osproxy/cli/admin/admin_publisher.h"

#include <fmt/format.h>

#include "osproxy/cli/admin/admin_response.h"
#include "osproxy/cli/print/text.h"
#include "osproxy/core/encoding.h"

namespace osproxy::cli {
namespace {

constexpr char kTarget[] = "/admin/directives";

// The first words of publish_conflict().
constexpr char kConflictWords[] = "the published revision is ";

PublishError unavailable(std::string message) {
  return {.kind = PublishError::Kind::Unavailable, .message = std::move(message)};
}

/// `?author=ana&by=osproxyctl%20on`. Instances without a history ignore it.
std::string note_query(const ChangeNote& note) {
  std::string query;
  const auto add = [&query](std::string_view name, const std::string& text) {
    if (text.empty()) return;
    query += fmt::format("{}{}={}", query.empty() ? '?' : '&', name, percent_encode(text));
  };
  add("author", note.author);
  add("by", note.by);
  add("reason", note.reason);
  return query;
}

}  // namespace

std::expected<std::int64_t, PublishError> AdminPublisher::publish(
    std::string_view document, std::optional<std::int64_t> expected_revision,
    const ChangeNote& note) {
  const auto response =
      client_.post(kTarget + note_query(note), std::string(document), expected_revision);
  if (!response) {
    return std::unexpected(
        unavailable(response.error() +
                    " (the document may have been published: check with `osproxyctl list`)"));
  }
  if (response->status != 200)
    return std::unexpected(publish_refusal(*response, expected_revision));
  if (const auto revision = revision_of_body(response->body)) return *revision;
  return std::unexpected(unavailable(describe_refusal(client_.instance(), *response)));
}

PublishError AdminPublisher::publish_refusal(const AdminResponse& response,
                                             std::optional<std::int64_t> expected_revision) const {
  const std::string instance = client_.instance().to_string();
  if (auto rejected = rejection_of(response)) {
    return {.kind = PublishError::Kind::Rejected,
            .message = fmt::format("{}: {}", instance, describe_rejection(*rejected)),
            .rejected = std::move(rejected)};
  }
  const auto current = revision_of_etag(response.etag);
  if (response.status == 412 && expected_revision && current) {
    PublishError conflict = publish_conflict(*expected_revision, *current);
    // The instance says who has published, as far as this caller may know.
    const std::string reason = printable(error_of(response).reason);
    conflict.message = fmt::format("{}: {}", instance,
                                   reason.starts_with(kConflictWords) ? reason : conflict.message);
    return conflict;
  }
  return unavailable(describe_refusal(client_.instance(), response));
}

std::expected<PublishedDocument, PublishError> AdminPublisher::read() {
  auto response = client_.get(kTarget);
  if (!response) return std::unexpected(unavailable(std::move(response).error()));
  const auto revision = revision_of_etag(response->etag);
  if (response->status != 200 || !revision) {
    return std::unexpected(unavailable(describe_refusal(client_.instance(), *response)));
  }
  return PublishedDocument{.revision = *revision, .bytes = std::move(response->body)};
}

}  // namespace osproxy::cli
