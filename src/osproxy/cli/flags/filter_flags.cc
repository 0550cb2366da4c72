#include "osproxy/cli/flags/filter_flags.h"

#include <chrono>

#include "osproxy/cli/flags/target_flags.h"
#include "osproxy/core/duration.h"
#include "osproxy/core/encoding.h"

namespace osproxy::cli {

void add_filter(CLI::App& app, RecordFilter& filter) {
  add_target(app, filter.target);
  add_value(app, "--status", "CODE", "Only responses of this class or code: 5xx, 429",
            status_reader(filter.status));
  add_value(app, "--slower", "DURATION", "Only requests that took at least this long",
            duration_reader(filter.slower, std::chrono::days{1}));
}

void add_parameter(std::string& target, std::string_view name, std::string_view value) {
  target += target.contains('?') ? '&' : '?';
  target.append(name).append("=").append(percent_encode(value));
}

void add_parameters(std::string& target, const RecordFilter& filter) {
  if (filter.directive) add_parameter(target, "directive", *filter.directive);
  if (filter.target.tenant) add_parameter(target, "tenant", *filter.target.tenant);
  if (filter.target.index) add_parameter(target, "index", *filter.target.index);
  if (filter.target.principal) add_parameter(target, "principal", *filter.target.principal);
  if (filter.target.client) add_parameter(target, "client", to_string(*filter.target.client));
  if (filter.target.agent) add_parameter(target, "agent", *filter.target.agent);
  if (filter.target.opaque_id) add_parameter(target, "opaque_id", *filter.target.opaque_id);
  if (filter.target.endpoint) {
    add_parameter(target, "endpoint", to_string(*filter.target.endpoint));
  }
  if (filter.status) add_parameter(target, "status", filter.status->to_string());
  if (filter.slower) add_parameter(target, "slower", format_duration(*filter.slower));
}

}  // namespace osproxy::cli
