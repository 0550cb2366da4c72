#include "osproxy/cli/commands/count_records.h"

#include <algorithm>
#include <chrono>

#include <fmt/ostream.h>

#include "osproxy/cli/admin/admin_client.h"
#include "osproxy/cli/admin/admin_response.h"
#include "osproxy/cli/print/text.h"

namespace osproxy::cli {
namespace {

constexpr std::chrono::milliseconds kTimeout{333};

}  // namespace

RecordCount count_records(const std::vector<std::string>& ids, const ConnectionFlags& connection,
                          const Environment& environment) {
  ConnectionFlags brief = connection;
  if (!brief.timeout || *brief.timeout > kTimeout) brief.timeout = kTimeout;
  auto access = access_beside(brief, environment);
  if (!access) return {.why = access.error().message};
  access->in_all = kTimeout;
  RecordCount count;
  const auto responses = get_from_all(*access, "/admin/status");
  for (std::size_t i = 0; i < responses.size(); ++i) {
    const AdminResult& response = responses[i];
    const auto status =
        response && response->status == 200 ? parse_status(response->body) : std::nullopt;
    if (!status) {
      ++count.missing;
      if (count.why.empty()) {
        count.why = response ? describe_refusal(access->instances[i], *response) : response.error();
      }
      continue;
    }
    ++count.asked;
    for (const InstanceStatus::Directive& directive : status->directives) {
      if (ids.empty() || std::ranges::find(ids, directive.id) != ids.end()) {
        count.recorded += directive.recorded;
      }
    }
  }
  return count;
}

void print_count(const RecordCount& count, const Environment& environment) {
  if (count.asked == 0) {
    fmt::print(environment.err, "no count of records: {}\n", printable(count.why));
    return;
  }
  fmt::print(environment.out, "{} requests were recorded", count.recorded);
  if (count.missing > 0)
    fmt::print(environment.out, "; {} instances were not asked", count.missing);
  fmt::print(environment.out, "\n");
}

}  // namespace osproxy::cli
