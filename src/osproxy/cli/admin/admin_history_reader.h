// Reads the history from an instance's admin listener: of several instances, from the first that
// responds.
//
// Thread safety: as HistoryReader.
#pragma once

#include <string>
#include <utility>

#include "osproxy/cli/admin/admin_client.h"
#include "osproxy/store/history.h"

namespace osproxy::cli {

class AdminHistoryReader final : public HistoryReader {
 public:
  explicit AdminHistoryReader(AdminAccess access) : access_(std::move(access)) {}

  std::expected<HistoryList, HistoryError> list(const HistoryQuery& query) override;
  std::expected<HistoryEntry, HistoryError> find(std::int64_t revision) override;

 private:
  template <class Parse>
  auto get(const std::string& target, Parse parse) const
      -> std::expected<typename decltype(parse({}))::value_type, HistoryError>;

  const AdminAccess access_;
};

}  // namespace osproxy::cli
