// GET /admin/history, GET /admin/history/{revision} and POST /admin/rollback: the changes of the
// document, and the way back to one.
#include <optional>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "osproxy/admin/handlers.h"
#include "osproxy/admin/publishing.h"
#include "osproxy/admin/query.h"
#include "osproxy/directive/encode.h"
#include "osproxy/store/history_json.h"
#include "osproxy/store/rollback.h"

namespace osproxy::admin {
namespace {

Response refusal(const HistoryError& error) {
  switch (error.kind) {
    case HistoryError::Kind::NotKept:
      return error_response(404, "no_history", error.message);
    case HistoryError::Kind::NotFound:
      return error_response(404, "unknown_revision", error.message);
    case HistoryError::Kind::Unreadable:
      return error_response(409, "unreadable_entry", error.message);
    case HistoryError::Kind::Unavailable:
      break;
  }
  return error_response(503, "unavailable", error.message);
}

Response not_kept(const Context& context) {
  return refusal(history_not_kept(context.options.store_kind));
}

bool set_revision(std::int64_t& into, std::string_view text) {
  return set_number<std::int64_t>(into, text, 1, INT64_MAX);
}

void write_ids(JsonWriter& json, std::string_view name, const std::vector<std::string>& ids) {
  json.key(name).begin_array();
  for (const std::string& id : ids) json.value(id);
  json.end_array();
}

/// `revision` is the new one, or the current one if nothing was published.
Response rolled_back(const RollbackPlan& plan, std::int64_t revision, bool is_published) {
  JsonWriter json;
  json.begin_object().field("revision", revision).field("published", is_published);
  write_ids(json, "came", plan.diff.came.ids);
  write_ids(json, "went", plan.diff.went.ids);
  write_ids(json, "changed", plan.diff.changed.ids);
  write_ids(json, "over", plan.over);
  json.key("document").raw(encode_document(plan.document)).end_object();
  Response response{.body = std::move(json).take()};
  response.headers.emplace_back("ETag", etag(revision));
  return response;
}

struct RollbackQuery {
  std::int64_t revision = 0;
  bool is_dry = false;
  ChangeNote note{};
};

std::expected<RollbackQuery, Response> read_rollback(const Request& request) {
  RollbackQuery query;
  auto note = read_note(
      request,
      {{.name = "revision",
        .rule = "a revision of the history",
        .store = [&query](const std::string& text) { return set_revision(query.revision, text); }},
       {.name = "dry_run", .rule = "true or false", .store = [&query](const std::string& text) {
          query.is_dry = text == "true";
          return text == "true" || text == "false";
        }}});
  if (!note) return std::unexpected(note.error());
  if (query.revision == 0) {
    return std::unexpected(
        error_response(400, "bad_parameter", "revision is missing: ?revision=N"));
  }
  query.note = *std::move(note);
  query.note.by = fmt::format("{} rollback {}", query.note.by, query.revision);
  return query;
}

}  // namespace

Response get_history(const Context& context, const Request& request, std::string_view) {
  if (context.dependencies.history == nullptr) return not_kept(context);
  HistoryQuery query;
  const auto read = read_query(
      request.query(),
      {{.name = "n",
        .rule = "a whole number from 1 to 1000",
        .store =
            [&query](const std::string& text) {
              return set_number<std::size_t>(query.limit, text, 1, HistoryQuery::kMaxLimit);
            }},
       {.name = "directive", .rule = "the id of a directive", .store = [&query](std::string text) {
          query.directive = std::move(text);
          return !query.directive.empty() && query.directive.size() <= kMaxDirectiveIdBytes;
        }}});
  if (!read) return read.error();
  const auto list = context.dependencies.history->list(query);
  if (!list) return refusal(list.error());
  return {.body = history_json(*list)};
}

Response get_history_entry(const Context& context, const Request&, std::string_view id) {
  if (context.dependencies.history == nullptr) return not_kept(context);
  std::int64_t revision = 0;
  if (!set_revision(revision, id)) {
    return error_response(400, "bad_revision", "a revision is a whole number greater than zero");
  }
  const auto entry = context.dependencies.history->find(revision);
  if (!entry) return refusal(entry.error());
  return {.body = entry_json(*entry)};
}

Response post_rollback(const Context& context, const Request& request, std::string_view) {
  const AdminDependencies& dependencies = context.dependencies;
  if (dependencies.history == nullptr) return not_kept(context);
  if (dependencies.publisher == nullptr) return read_only();
  const auto expected = expected_revision(request);
  if (!expected) return expected.error();
  const auto query = read_rollback(request);
  if (!query) return query.error();
  const auto current = dependencies.publisher->read();
  if (!current) return publish_refusal(current.error());
  if (*expected && **expected != current->revision) {
    return publish_refusal(
        explain_conflict(context, *request.caller, **expected, current->revision));
  }
  const auto prepared = prepare_rollback(*dependencies.history, query->revision, current->bytes,
                                         context.options.limits, dependencies.clock.now().wall);
  if (!prepared) return refusal(prepared.error());
  const RollbackPlan& plan = prepared->plan;
  if (query->is_dry || plan.diff.is_empty()) return rolled_back(plan, current->revision, false);
  const auto published = dependencies.publisher->publish(encode_document(plan.document),
                                                         current->revision, query->note);
  if (!published) return publish_refusal(published.error());
  return rolled_back(plan, *published, true);
}

}  // namespace osproxy::admin
