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
  if (!path.starts_with(front_)) return none;
  const std::string_view from_tenant = path.substr(front_.size());
  const std::string_view tenant = from_tenant.substr(0, from_tenant.find('/'));
  std::string_view rest = from_tenant.substr(tenant.size());
  if (tenant.empty() || !rest.starts_with(back_)) return none;
  rest.remove_prefix(back_.size());
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
