#include "osproxy/cli/admin/admin_fleet_reader.h"

#include "osproxy/cli/admin/admin_response.h"

namespace osproxy::cli {

std::expected<Fleet, std::string> AdminFleetReader::read() {
  std::string failures;
  for (const AdminInstance& instance : access_.instances) {
    const auto response = AdminClient(instance, access_.token, access_.timeout).get("/admin/fleet");
    auto fleet = response && response->status == 200 ? parse_fleet(response->body) : std::nullopt;
    if (fleet) return *std::move(fleet);
    if (!failures.empty()) failures += "; ";
    failures += response ? describe_refusal(instance, *response) : response.error();
  }
  return std::unexpected(std::move(failures));
}

}  // namespace osproxy::cli
