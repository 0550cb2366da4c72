#include "osproxy/identify/tenant_rule.h"

#include <cstddef>
#include <utility>

#include "osproxy/directive/index_elements.h"

namespace osproxy {
namespace {

constexpr std::string_view kMark = "{tenant}";

bool has_one_mark(std::string_view pattern) noexcept {
  const std::size_t mark = pattern.find(kMark);
  return mark != std::string_view::npos && !pattern.substr(mark + kMark.size()).contains(kMark);
}

/// Before the name of a data stream, in the names of its backing indices:
/// `.ds-logs-acme-000001`.
constexpr std::string_view kBackingMark = ".ds-";

/// The data stream of a backing index; any other name unchanged.
std::string_view data_stream_of(std::string_view name) noexcept {
  if (!name.starts_with(kBackingMark)) return name;
  name.remove_prefix(kBackingMark.size());
  constexpr std::size_t kMinDigits = 6;
  const std::size_t dash = name.rfind('-');
  if (dash == std::string_view::npos || name.size() - dash <= kMinDigits) return name;
  const bool is_number = name.find_first_not_of("0123456789", dash + 1) == std::string_view::npos;
  return is_number ? name.substr(0, dash) : name;
}

/// Removes `front` from the beginning of `path`; false if it does not stand there. A slash stands
/// for one or more, as for OpenSearch and most proxies, and for none at the very beginning.
bool take_path(std::string_view& path, std::string_view front) noexcept {
  bool at_start = true;
  for (const char c : front) {
    const bool slash_may_lack = std::exchange(at_start, false) && c == '/';
    if (!path.starts_with(c) && !slash_may_lack) return false;
    if (c != '/') path.remove_prefix(1);
    while (c == '/' && path.starts_with('/')) path.remove_prefix(1);
  }
  return true;
}

}  // namespace

TenantRule TenantRule::of_header(std::string name) {
  TenantRule rule;
  rule.place_ = Place::Header;
  rule.front_ = std::move(name);
  return rule;
}

TenantRule TenantRule::of_principal() {
  TenantRule rule;
  rule.place_ = Place::Principal;
  return rule;
}

TenantRule TenantRule::from_pattern(Place place, std::string_view pattern) {
  TenantRule rule;
  rule.place_ = place;
  rule.front_ = pattern.substr(0, pattern.find(kMark));
  rule.back_ = pattern.substr(rule.front_.size() + kMark.size());
  rule.open_ = rule.back_.ends_with('*');
  if (rule.open_) rule.back_.pop_back();
  return rule;
}

std::expected<TenantRule, std::string> TenantRule::of_path(std::string_view pattern) {
  const std::size_t behind = pattern.find(kMark) + kMark.size();
  const bool ends_a_segment =
      has_one_mark(pattern) && (behind == pattern.size() || pattern[behind] == '/');
  if (!ends_a_segment || !pattern.starts_with('/') || pattern.ends_with('/') ||
      pattern.find_first_of("?#%* ") != std::string_view::npos) {
    return std::unexpected(
        "it must be a path with a segment that ends in {tenant}, as in "
        "/t/{tenant}");
  }
  return from_pattern(Place::Path, pattern);
}

std::expected<TenantRule, std::string> TenantRule::of_index(std::string_view pattern) {
  const std::size_t star = pattern.find('*');
  const bool fits = has_one_mark(pattern) &&
                    pattern.find_first_of("/, ") == std::string_view::npos &&
                    (star == std::string_view::npos || star + 1 == pattern.size());
  if (!fits || pattern.ends_with("{tenant}*")) {
    return std::unexpected(
        "it must be an index name with {tenant} in it and at most a * at its "
        "end, as in {tenant}-* or logs-{tenant}");
  }
  return from_pattern(Place::Index, pattern);
}

std::string_view TenantRule::header() const noexcept {
  return place_ == Place::Header ? std::string_view(front_) : std::string_view();
}

TenantRule::PathParts TenantRule::split_path(std::string_view path) const noexcept {
  const PathParts none{.rest = path};
  std::string_view rest = path;
  if (!take_path(rest, front_)) return none;
  const std::string_view tenant = rest.substr(0, rest.find('/'));
  rest.remove_prefix(tenant.size());
  if (tenant.empty() || !take_path(rest, back_)) return none;
  if (rest.empty()) return {.tenant = tenant, .rest = "/"};
  return rest.starts_with('/') ? PathParts{.tenant = tenant, .rest = rest} : none;
}

std::string_view TenantRule::find_in_index(std::string_view expression) const noexcept {
  std::string_view tenant;
  IndexElements elements(expression);
  while (const auto element = elements.next()) {
    if (element->excludes) continue;
    const std::string_view found = find_in_name(element->pattern);
    if (found.empty() || (!tenant.empty() && found != tenant)) return {};
    tenant = found;
  }
  return tenant;
}

std::string_view TenantRule::find_in_name(std::string_view name) const noexcept {
  // Date math: `<acme-{now/d}>` is an index whose name begins with `acme-`.
  if (name.starts_with('<')) name.remove_prefix(1);
  // An index of another cluster: the rule holds for its name there.
  name.remove_prefix(name.find(':') == std::string_view::npos ? 0 : name.find(':') + 1);
  if (!std::string_view(front_).starts_with(kBackingMark)) name = data_stream_of(name);
  // No index has such a name: `-acme` outside of an exclusion, `_all` among others.
  if (name.starts_with('-') || name.starts_with('_')) return {};
  if (!name.starts_with(front_)) return {};
  name.remove_prefix(front_.size());
  std::size_t size = std::string_view::npos;
  if (open_) {
    size = name.find(back_, 1);
  } else if (name.ends_with(back_)) {
    size = name.size() - back_.size();
  }
  if (size == std::string_view::npos || name.substr(0, size).contains('*')) return {};
  return name.substr(0, size);
}

}  // namespace osproxy
