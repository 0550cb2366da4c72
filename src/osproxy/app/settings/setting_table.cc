#include "osproxy/app/settings/setting_table.h"

#include <algorithm>
#include <cctype>

#include "osproxy/app/settings/group_rows.h"

namespace osproxy::app {

const std::vector<SettingGroup>& setting_groups() {
  static const std::vector<SettingGroup> groups{
      client_settings(),    node_settings(),  tls_settings(),    tenant_settings(),
      directive_settings(), etcd_settings(),  record_settings(), capture_settings(),
      otlp_settings(),      admin_settings(), process_settings()};
  return groups;
}

const std::vector<std::string>& setting_names() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all;
    for (const SettingGroup& group : setting_groups()) {
      for (const SettingRow& row : group.rows) all.emplace_back(row.name);
    }
    return all;
  }();
  return names;
}

const SettingRow* find_setting(std::string_view name) {
  for (const SettingGroup& group : setting_groups()) {
    const auto found = std::ranges::find(group.rows, name, &SettingRow::name);
    if (found != group.rows.end()) return &*found;
  }
  return nullptr;
}

std::string variable_of(std::string_view name) {
  std::string variable = "OSPROXY_" + std::string(name);
  for (char& c : variable) c = c == '-' ? '_' : static_cast<char>(std::toupper(c));
  return variable;
}

}  // namespace osproxy::app
