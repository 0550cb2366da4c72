#include "osproxy/cli/admin/admin_history_reader.h"

#include <optional>
#include <string_view>

#include <fmt/format.h>

#include "osproxy/cli/admin/admin_response.h"
#include "osproxy/core/encoding.h"
#include "osproxy/store/history_json.h"

namespace osproxy::cli {
namespace {

/// The refusal of an instance that has a history or says that it has none; nullopt: another one
/// may do better.
std::optional<HistoryError> refusal_of(const AdminInstance& instance,
                                       const AdminResponse& response) {
  using Kind = HistoryError::Kind;
  const AdminError error = error_of(response);
  const auto refusal = [&](Kind kind) {
    return HistoryError{.kind = kind,
                        .message = fmt::format("{}: {}", instance.to_string(), error.reason)};
  };
  if (error.type == "no_history") return refusal(Kind::NotKept);
  if (error.type == "unknown_revision") return refusal(Kind::NotFound);
  if (error.type == "unreadable_entry") return refusal(Kind::Unreadable);
  return std::nullopt;
}

}  // namespace

template <class Parse>
auto AdminHistoryReader::get(const std::string& target, Parse parse) const
    -> std::expected<typename decltype(parse({}))::value_type, HistoryError> {
  std::string failures;
  for (const AdminInstance& instance : access_.instances) {
    const auto response = AdminClient(instance, access_.token, access_.timeout).get(target);
    if (response && response->status == 200) {
      if (auto parsed = parse(response->body)) return *std::move(parsed);
    } else if (response) {
      if (auto refusal = refusal_of(instance, *response)) return std::unexpected(*refusal);
    }
    if (!failures.empty()) failures += "; ";
    failures += response ? describe_refusal(instance, *response) : response.error();
  }
  return std::unexpected(
      HistoryError{.kind = HistoryError::Kind::Unavailable, .message = std::move(failures)});
}

std::expected<HistoryList, HistoryError> AdminHistoryReader::list(const HistoryQuery& query) {
  std::string target = fmt::format("/admin/history?n={}", query.limit);
  if (!query.directive.empty()) target += "&directive=" + percent_encode(query.directive);
  return get(target, [](std::string_view body) { return parse_history(body); });
}

std::expected<HistoryEntry, HistoryError> AdminHistoryReader::find(std::int64_t revision) {
  return get(fmt::format("/admin/history/{}", revision),
             [](std::string_view body) { return parse_entry(body); });
}

}  // namespace osproxy::cli
