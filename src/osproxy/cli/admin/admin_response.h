// Parses the admin listener's JSON. A response comes from another process, so a malformed one is an
// error and never a failed assertion.
//
// Pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "osproxy/cli/admin/admin_client.h"
#include "osproxy/directive/decode.h"

namespace osproxy::cli {

/// The revision in an ETag (`"4812"`) or in `{"revision":4812}`; nullopt if there is none.
std::optional<std::int64_t> revision_of_etag(std::string_view etag) noexcept;
std::optional<std::int64_t> revision_of_body(std::string_view body);

/// The object `error` of a response that is not a success; a missing text is empty.
struct AdminError {
  std::string type;
  std::string reason;
  std::string slug;
  std::string where;
};
AdminError error_of(const AdminResponse& response);

/// The rejection of a document; nullopt if the response is none, or has a slug that this version
/// does not know.
std::optional<DecodeError> rejection_of(const AdminResponse& response);

/// Describes a response that is not a success, for a person: status, reason, and what to check.
std::string describe_refusal(const AdminInstance& instance, const AdminResponse& response);

/// Describes a response that is a success, and yet no use: `fault` is a clause.
std::string describe_unusable(const AdminInstance& instance, std::string_view fault);

/// One instance's GET /admin/status. A regular value.
struct InstanceStatus {
  struct Directive {
    std::string id;
    std::string level;
    bool active = false;
    std::string expires_at;
    std::uint64_t matched = 0;
    std::uint64_t recorded = 0;
    std::string thinned;  ///< why it leaves records out; empty: it does not
  };
  struct Upstream {
    std::string node;
    std::string state;
    std::string since;
    std::string reason;
    std::uint64_t in_flight = 0;
    std::uint64_t connections = 0;
  };
  struct Rejected {
    std::int64_t revision = 0;
    std::string slug;
    std::string where;
    std::string at;
  };

  std::string instance;
  std::string version;
  std::int64_t uptime_ms = 0;
  std::string store_kind;
  std::string state;
  std::string since;
  std::string reason;
  std::int64_t revision = 0;
  std::optional<std::int64_t> verified_age_ms;
  std::optional<Rejected> rejected;
  std::vector<std::string> warnings;
  std::vector<Directive> directives;
  std::vector<Upstream> upstreams;
  std::string json;  ///< the whole response, minified
};

/// nullopt if `body` is not a status.
std::optional<InstanceStatus> parse_status(std::string_view body);

/// A JSON object as the lines of a table: each value with its dotted name, in the order of the
/// object, without nulls, empty texts, empty arrays and arrays of objects. nullopt if `body` is not
/// a JSON object.
struct FlatObject {
  std::vector<std::pair<std::string, std::string>> fields;
  std::string json;  ///< the whole object, minified
};
std::optional<FlatObject> flatten_object(std::string_view body);

/// A record of GET /debug/explain or a report of GET /admin/why, and those of its `others`: further
/// requests with the same id. The JSON of each is without `others`. Empty if `body` is not a JSON
/// object.
std::vector<FlatObject> flatten_records(std::string_view body);

/// A record of GET /admin/recent.
struct RecentRecord {
  std::string started;  ///< as in the record
  std::string json;
};
struct Recent {
  std::string instance;
  std::vector<RecentRecord> records;
  std::uint64_t left_out = 0;  ///< slow or failed requests that are not held
};
/// nullopt if `body` is no such response.
std::optional<Recent> parse_recent(std::string_view body);

/// The reverse: the JSON of the first, which has that of the rest as its `others`. `records` has at
/// least one.
std::string join_records(std::span<const std::string> records);

}  // namespace osproxy::cli
