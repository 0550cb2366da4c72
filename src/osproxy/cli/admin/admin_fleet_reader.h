// Reads the fleet from an instance's admin listener: of several instances, from the first that
// responds.
//
// Thread safety: as FleetReader.
#pragma once

#include <utility>

#include "osproxy/cli/admin/admin_client.h"
#include "osproxy/store/fleet.h"

namespace osproxy::cli {

class AdminFleetReader final : public FleetReader {
 public:
  explicit AdminFleetReader(AdminAccess access) : access_(std::move(access)) {}

  std::expected<Fleet, std::string> read() override;

 private:
  const AdminAccess access_;
};

}  // namespace osproxy::cli
