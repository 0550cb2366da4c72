#include "osproxy/admin/query.h"

namespace osproxy::admin {

Response bad_filter(std::string reason) { return error_response(400, "bad_filter", reason); }

Response unknown_filter(std::size_t position, std::span<const std::string_view> known) {
  std::string reason =
      "filter " + std::to_string(position) + " of the query is unknown or malformed; there are";
  for (const std::string_view name : known) reason.append(" ").append(name).append("=");
  return bad_filter(std::move(reason));
}

}  // namespace osproxy::admin
