#include "osproxy/cli/admin/admin_fleet_reader.h"

#include "osproxy/cli/admin/admin_response.h"

namespace osproxy::cli {

std::expected<Fleet, std::string> AdminFleetReader::read() {
  std::string failures;
  for (const Origin& instance : access_.instances) {
    const auto answer = AdminClient(instance, access_.token, access_.timeout).get("/admin/fleet");
    auto fleet = answer && answer->status == 200 ? parse_fleet(answer->body) : std::nullopt;
    if (fleet) return *std::move(fleet);
    if (!failures.empty()) failures += "; ";
    failures += answer ? describe_refusal(instance, *answer) : answer.error();
  }
  return std::unexpected(std::move(failures));
}

}  // namespace osproxy::cli
