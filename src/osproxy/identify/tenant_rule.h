// Finds a request's tenant at one place of the request, which the configuration chooses.
//
//   auto by_header = TenantRule::of_header("X-Tenant-Id");    // the value of a header
//   auto by_path = TenantRule::of_path("/t/{tenant}");        // a segment before OpenSearch's path
//   auto by_index = TenantRule::of_index("logs-{tenant}-*");  // a part of each index in the path
//   auto by_principal = TenantRule::of_principal();           // the principal's, see Identities
//
// A request that names no tenant, or two, has none. With of_path(), the endpoint and the index are
// read from the path after the tenant's segment. The target is always forwarded unchanged.
//
// A regular value; its const members may be called from any thread and allocate nothing.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

namespace osproxy {

class TenantRule {
 public:
  enum class Place : std::uint8_t { None, Header, Path, Index, Principal };

  /// The parts of a path.
  struct PathParts {
    std::string_view tenant{};  ///< percent-encoded as received; empty if the path names none
    std::string_view rest{};    ///< OpenSearch's own path
  };

  /// Requests have no tenant.
  TenantRule() = default;

  static TenantRule of_header(std::string name);
  static TenantRule of_principal();

  /// `pattern` is a path with a segment that ends in `{tenant}`. The error is a clause.
  static std::expected<TenantRule, std::string> of_path(std::string_view pattern);

  /// `pattern` is an index name that contains `{tenant}`, and may end in `*`. `{tenant}` matches
  /// the shortest text that fits.
  static std::expected<TenantRule, std::string> of_index(std::string_view pattern);

  Place place() const noexcept { return place_; }

  /// The header's name; empty unless place() is Header.
  std::string_view header() const noexcept;

  /// For Place::Path. `path` is the result of path_of().
  PathParts split_path(std::string_view path) const noexcept;

  /// For Place::Index: the tenant that all elements of the expression name, else empty. An element
  /// that excludes indices need not name it. An element whose tenant contains a wildcard names
  /// none, because it matches other tenants too.
  std::string_view find_in_index(std::string_view expression) const noexcept;

 private:
  static TenantRule from_pattern(Place place, std::string_view pattern);

  std::string_view find_in_name(std::string_view name) const noexcept;

  Place place_ = Place::None;
  std::string front_;  // before `{tenant}`; the name of the header
  std::string back_;   // after it
  bool open_ = false;  // anything may follow
};

}  // namespace osproxy
