// Where a request's tenant is named: in one place, which the configuration chooses.
//
//   TenantRule::of_header("X-Tenant-Id")          the value of a header
//   TenantRule::of_path("/t/{tenant}")            a segment in front of OpenSearch's own path
//   TenantRule::of_index("logs-{tenant}-*")       a part of every index that the path names
//   TenantRule::of_principal()                    the tenant of the principal; see Identities
//
// A request that names none, or two, has no tenant. With a path, endpoint and index are taken from
// what stands behind it; the target goes upstream as it is in any case.
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

  /// A path, taken apart.
  struct PathParts {
    std::string_view tenant{};  ///< percent-encoded as received; empty: the path has no such front
    std::string_view rest{};    ///< the path that OpenSearch knows
  };

  /// No tenant is taken.
  TenantRule() = default;

  static TenantRule of_header(std::string name);
  static TenantRule of_principal();

  /// `pattern` is a path, one segment of which ends in `{tenant}`. The error is a clause.
  static std::expected<TenantRule, std::string> of_path(std::string_view pattern);

  /// `pattern` is an index name with `{tenant}` in it, and perhaps a `*` at its end. What stands
  /// for `{tenant}` is the shortest text that fits.
  static std::expected<TenantRule, std::string> of_index(std::string_view pattern);

  Place place() const noexcept { return place_; }

  /// The header's name; empty unless the place is a header.
  std::string_view header() const noexcept;

  /// Place::Path: `path` as path_of() returns it.
  PathParts split_path(std::string_view path) const noexcept;

  /// Place::Index: the tenant that each element of the expression names (one that takes out needs
  /// not), else empty. A wildcard stands for other tenants too: `{tenant}` does not cover it.
  std::string_view find_in_index(std::string_view expression) const noexcept;

 private:
  static TenantRule from_pattern(Place place, std::string_view pattern);

  std::string_view find_in_name(std::string_view name) const noexcept;

  Place place_ = Place::None;
  std::string front_;  // before `{tenant}`; the name of the header
  std::string back_;   // behind it
  bool open_ = false;  // and anything behind that
};

}  // namespace osproxy
