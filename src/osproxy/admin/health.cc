// GET /healthz, /readyz and /metrics, for probes and scrapers.
#include "osproxy/admin/handlers.h"

namespace osproxy::admin {

Response get_healthz(const Context&, const Request&, std::string_view) {
  return {.body = R"({"status":"ok"})"};
}

Response get_readyz(const Context& context, const Request&, std::string_view) {
  const auto& readiness = context.dependencies.readiness;
  const std::vector<std::string> reasons = readiness ? readiness() : std::vector<std::string>{};
  if (reasons.empty()) return {.body = R"({"status":"ready"})"};

  std::string joined;
  for (const std::string& reason : reasons) joined += (joined.empty() ? "" : "; ") + reason;
  return error_response(503, "not_ready", joined, [&](JsonWriter& json) {
    json.key("reasons").begin_array();
    for (const std::string& reason : reasons) json.value(reason);
    json.end_array();
  });
}

Response get_metrics(const Context& context, const Request&, std::string_view) {
  return {.content_type = "text/plain; version=0.0.4; charset=utf-8",
          .body = to_exposition(context.dependencies.collectables)};
}

}  // namespace osproxy::admin
