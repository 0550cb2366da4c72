#include "osproxy/cli/document/edit_document.h"

#include <chrono>
#include <utility>
#include <variant>

#include <fmt/format.h>

#include "osproxy/cli/print/text.h"
#include "osproxy/core/backoff.h"
#include "osproxy/directive/encode.h"

namespace osproxy::cli {
namespace {

// All attempts take about two seconds together: longer than an instance needs to see a publish.
constexpr BackoffOptions kBackoff{.initial = std::chrono::milliseconds{50},
                                  .max = std::chrono::milliseconds{1000}};

bool is_over(const Directive& directive, WallTime now) {
  const auto* const end = std::get_if<AbsoluteEnd>(&directive.end);
  return end != nullptr && *end <= now;
}

Draft make_draft(const Document& document, WallTime now) {
  Draft draft;
  for (const Directive& directive : document.directives) {
    if (is_over(directive, now)) {
      draft.pruned.push_back(directive.id);
    } else {
      draft.document.directives.push_back(directive);
    }
  }
  return draft;
}

std::expected<void, Failure> check_relative_ends(const Document& document) {
  std::vector<std::string> ids;
  for (const Directive& directive : document.directives) {
    if (std::holds_alternative<RelativeEnd>(directive.end)) ids.push_back(directive.id);
  }
  if (ids.empty()) return {};
  return std::unexpected(Failure{
      ExitCode::Failed,
      fmt::format("put by hand with ttl_secs: {}; writing it back would start its life again. "
                  "Take it off as well, or allow that with --restart-ttl",
                  join(ids))});
}

std::expected<Draft, Failure> plan_edit(const Document& current, const EditOptions& options,
                                        WallTime now, const Change& change) {
  Draft draft = make_draft(current, now);
  if (auto changed = change(draft); !changed) return std::unexpected(std::move(changed).error());
  if (draft.document != current && !options.restart_ttl) {
    if (auto safe = check_relative_ends(draft.document); !safe) {
      return std::unexpected(std::move(safe).error());
    }
  }
  return draft;
}

Failure give_up(std::string_view conflict) {
  return {ExitCode::Conflict,
          fmt::format("gave up after {} attempts, nothing was changed: {}. If no one else is "
                      "publishing, the instance may not hold the published document: check with "
                      "`osproxyctl status`",
                      kMaxEditAttempts, conflict)};
}

}  // namespace

std::expected<Document, Failure> decode_published(const PublishedDocument& published,
                                                  const DecodeLimits& limits) {
  if (published.revision == 0 && published.bytes.empty()) return Document{};
  auto document = decode_document(published.bytes, limits);
  if (document) return *std::move(document);
  return std::unexpected(
      Failure{ExitCode::Rejected,
              fmt::format("the published document (revision {}) is {}; publish a correct one, or "
                          "take everything off with `osproxyctl off --all`",
                          published.revision, describe_rejection(document.error()))});
}

std::expected<Edited, Failure> edit_document(DirectivePublisher& publisher,
                                             const EditOptions& options, Environment& environment,
                                             const Change& change) {
  Backoff backoff(kBackoff, Random(environment.random.next()));
  std::string conflict;
  for (int attempt = 0; attempt < kMaxEditAttempts; ++attempt) {
    if (attempt > 0) environment.sleep(backoff.next());
    const auto published = publisher.read();
    if (!published) return std::unexpected(to_failure(published.error()));
    const auto current = decode_published(*published, options.limits);
    if (!current) return std::unexpected(current.error());
    auto draft = plan_edit(*current, options, environment.clock.now().wall, change);
    if (!draft) return std::unexpected(std::move(draft).error());
    if (draft->document == *current) {
      return Edited{.revision = published->revision, .draft = *std::move(draft)};
    }
    const auto revision =
        publisher.publish(encode_document(draft->document), published->revision, options.note);
    if (revision) return Edited{.revision = *revision, .draft = *std::move(draft)};
    if (revision.error().kind != PublishError::Kind::Conflict) {
      return std::unexpected(to_failure(revision.error()));
    }
    conflict = revision.error().message;
  }
  return std::unexpected(give_up(conflict));
}

}  // namespace osproxy::cli
