// The rows of setting_table.h, a function for each group.
#pragma once

#include "osproxy/app/settings/setting_table.h"

namespace osproxy::app {

// traffic_rows.cc
SettingGroup client_settings();
SettingGroup node_settings();
SettingGroup tls_settings();
SettingGroup tenant_settings();

// diagnostics_rows.cc
SettingGroup directive_settings();
SettingGroup etcd_settings();
SettingGroup record_settings();
SettingGroup capture_settings();
SettingGroup otlp_settings();

// process_rows.cc
SettingGroup admin_settings();
SettingGroup process_settings();

}  // namespace osproxy::app
