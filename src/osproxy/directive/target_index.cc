#include "osproxy/directive/target_index.h"

#include <algorithm>
#include <array>
#include <bit>
#include <functional>
#include <numeric>
#include <optional>
#include <tuple>
#include <utility>

#include "osproxy/core/agent_product.h"

namespace osproxy {
namespace {

// The attributes that a directive constrains, as a set of bits.
constexpr unsigned kTenant = 1;
constexpr unsigned kPrincipal = 2;
constexpr unsigned kEndpoint = 4;
constexpr unsigned kVerified = 8;
constexpr unsigned kAgent = 16;      // with its version
constexpr unsigned kAgentName = 32;  // in any version
constexpr unsigned kOpaqueId = 64;
constexpr unsigned kIdentity = kAgent | kAgentName | kOpaqueId;

unsigned mask_of(const Target& target) noexcept {
  unsigned mask = (target.tenant ? kTenant : 0) | (target.principal ? kPrincipal : 0) |
                  (target.endpoint ? kEndpoint : 0) | (target.principal_verified ? kVerified : 0) |
                  (target.opaque_id ? kOpaqueId : 0);
  if (target.agent) mask |= target.agent->contains('/') ? kAgent : kAgentName;
  return mask;
}

using View = std::optional<std::string_view>;

/// Directives without a client come first.
auto client_key(const Target& target) noexcept {
  using Key = std::pair<std::array<std::uint8_t, 16>, unsigned>;
  return target.client ? std::optional(Key(target.client->first.bytes, target.client->bits))
                       : std::nullopt;
}

auto group_key(const Target& target) noexcept {
  return std::tuple(client_key(target), mask_of(target), View(target.tenant),
                    View(target.principal), target.endpoint, View(target.agent),
                    View(target.opaque_id));
}

bool is_same_group(const Target& a, const Target& b) noexcept {
  return group_key(a) == group_key(b);
}

std::uint64_t hash_text(std::string_view text) noexcept {
  return std::hash<std::string_view>{}(text);
}

/// Fibonacci hashing: the multiplication carries every bit upwards, the shift brings them down.
std::uint64_t combine(std::uint64_t hash, std::uint64_t next) noexcept {
  const std::uint64_t product = (hash ^ next) * 0x9e37'79b9'7f4a'7c15ULL;
  return product ^ (product >> 32);
}

bool precedes_backwards(std::string_view a, std::string_view b) noexcept {
  return std::lexicographical_compare(a.rbegin(), a.rend(), b.rbegin(), b.rend());
}

}  // namespace

HashIndex::HashIndex(std::size_t count)
    : slots_(std::bit_ceil(2 * count + 2)), mask_(slots_.size() - 1) {}

void HashIndex::insert(std::uint64_t hash, std::uint32_t position) noexcept {
  std::size_t at = hash & mask_;
  while (slots_[at].position != kNone) at = (at + 1) & mask_;
  slots_[at] = {.tag = tag_of(hash), .position = position};
}

std::uint64_t DirectiveSet::Index::hash_group(GroupKind kind, const Hashes& hashes,
                                              Endpoint endpoint) noexcept {
  const unsigned mask = kind.mask;
  std::uint64_t hash = combine(0, std::uint64_t{kind.client} << 32 | mask);
  if (mask & kTenant) hash = combine(hash, hashes.tenant);
  if (mask & kPrincipal) hash = combine(hash, hashes.principal);
  if (mask & kEndpoint) hash = combine(hash, static_cast<std::uint64_t>(endpoint));
  if ((mask & kIdentity) == 0) return hash;
  if (mask & kAgent) hash = combine(hash, hashes.agent);
  if (mask & kAgentName) hash = combine(hash, hashes.agent_name);
  if (mask & kOpaqueId) hash = combine(hash, hashes.opaque_id);
  return hash;
}

std::uint64_t DirectiveSet::Index::hash_group(const Group& group) noexcept {
  const Target& target = *group.target;
  const std::uint64_t agent = hash_text(target.agent.value_or(""));
  return hash_group({.client = group.client, .mask = mask_of(target)},
                    {.tenant = hash_text(target.tenant.value_or("")),
                     .principal = hash_text(target.principal.value_or("")),
                     .agent = agent,
                     .agent_name = agent,
                     .opaque_id = hash_text(target.opaque_id.value_or(""))},
                    target.endpoint.value_or(Endpoint::Unknown));
}

DirectiveSet::Index::Index(std::span<const CompiledDirective> directives)
    : order_(directives.size()) {
  const auto target = [&](std::uint32_t i) -> const Target& {
    return directives[i].directive.target;
  };
  const auto sort_key = [&](std::uint32_t i) {
    return std::tuple(group_key(target(i)), View(target(i).index), i);
  };
  std::iota(order_.begin(), order_.end(), 0U);
  std::ranges::sort(order_, {}, sort_key);

  const auto size = static_cast<std::uint32_t>(order_.size());
  std::vector<Cidr> blocks;
  for (std::uint32_t first = 0, last = 0; first < size; first = last) {
    const auto& client = target(order_[first]).client;
    if (client && (blocks.empty() || blocks.back() != *client)) {
      blocks.push_back(*client);
      const auto masks = static_cast<std::uint32_t>(masks_.size());
      clients_.push_back({masks, masks});
    }
    while (last < size && is_same_group(target(order_[first]), target(order_[last]))) ++last;
    add_group(directives, {first, last});
  }
  blocks_ = PrefixTree(blocks);
  fill_tables();
}

void DirectiveSet::Index::add_group(std::span<const CompiledDirective> directives, Range range) {
  const Target& target = directives[order_[range.first]].directive.target;
  const unsigned mask = mask_of(target);
  used_ |= mask;
  Range& masks = clients_.back();
  if (masks.first == masks.last || masks_.back() != mask) {
    masks_.push_back(mask);
    ++masks.last;
  }

  // An absent index sorts before every name.
  std::uint32_t named = range.first;
  while (named < range.last && !directives[order_[named]].directive.target.index) ++named;
  const auto names_first = static_cast<std::uint32_t>(names_.size());
  add_names(directives, {named, range.last});
  const Range names{names_first, static_cast<std::uint32_t>(names_.size())};
  sort_by_suffix(names);
  groups_.push_back({.target = &target,
                     .client = static_cast<std::uint32_t>(clients_.size() - 1),
                     .any_index = {range.first, named},
                     .names = names});
}

void DirectiveSet::Index::add_names(std::span<const CompiledDirective> directives, Range range) {
  const auto name = [&](std::uint32_t i) -> std::string_view {
    return *directives[order_[i]].directive.target.index;
  };
  for (std::uint32_t first = range.first, last = first; first < range.last; first = last) {
    while (last < range.last && name(last) == name(first)) ++last;
    names_.push_back({.text = name(first), .directives = {first, last}});
  }
}

void DirectiveSet::Index::sort_by_suffix(Range names) {
  for (std::uint32_t i = names.first; i < names.last; ++i) by_suffix_.push_back(i);
  std::sort(by_suffix_.begin() + names.first, by_suffix_.end(),
            [&](std::uint32_t a, std::uint32_t b) {
              return precedes_backwards(names_[a].text, names_[b].text);
            });
}

void DirectiveSet::Index::fill_tables() {
  group_table_ = HashIndex(groups_.size());
  name_table_ = HashIndex(names_.size());
  for (std::uint32_t i = 0; i < groups_.size(); ++i) {
    const Group& group = groups_[i];
    group_table_.insert(hash_group(group), i);
    for (std::uint32_t n = group.names.first; n < group.names.last; ++n) {
      name_table_.insert(combine(group.names.first, hash_text(names_[n].text)), n);
    }
  }
}

DirectiveSet::Index::Hashes DirectiveSet::Index::hash(const Attributes& attributes) const noexcept {
  Hashes hashes{.tenant = used_ & kTenant ? hash_text(attributes.tenant) : 0,
                .principal = used_ & kPrincipal ? hash_text(attributes.principal) : 0};
  if ((used_ & kIdentity) == 0) return hashes;
  if (used_ & kAgent) hashes.agent = hash_text(attributes.agent);
  if (used_ & kAgentName) hashes.agent_name = hash_text(product_name(attributes.agent));
  if (used_ & kOpaqueId) hashes.opaque_id = hash_text(attributes.opaque_id);
  return hashes;
}

const DirectiveSet::Index::Group* DirectiveSet::Index::find_group(
    GroupKind kind, const Attributes& attributes, const Hashes& hashes) const noexcept {
  const auto is_it = [&](std::uint32_t i) {
    const Target& target = *groups_[i].target;
    return groups_[i].client == kind.client && mask_of(target) == kind.mask &&
           (!target.tenant || *target.tenant == attributes.tenant) &&
           (!target.principal || *target.principal == attributes.principal) &&
           (!target.endpoint || *target.endpoint == attributes.endpoint) &&
           (!target.principal_verified || attributes.principal_verified) &&
           (!target.agent || names_agent(*target.agent, attributes.agent)) &&
           (!target.opaque_id || *target.opaque_id == attributes.opaque_id);
  };
  const auto i = group_table_.find(hash_group(kind, hashes, attributes.endpoint), is_it);
  return i == HashIndex::kNone ? nullptr : &groups_[i];
}

const DirectiveSet::Index::Name* DirectiveSet::Index::find_name(
    const Group& group, std::string_view text) const noexcept {
  const auto is_it = [&](std::uint32_t i) {
    return group.names.first <= i && i < group.names.last && names_[i].text == text;
  };
  // The group's first name tells the groups apart.
  const auto i = name_table_.find(combine(group.names.first, hash_text(text)), is_it);
  return i == HashIndex::kNone ? nullptr : &names_[i];
}

DirectiveSet::Index::Range DirectiveSet::Index::names_with_prefix(
    const Group& group, std::string_view prefix) const noexcept {
  if (prefix.empty()) return group.names;
  const auto begin = names_.begin();
  const auto first = std::partition_point(begin + group.names.first, begin + group.names.last,
                                          [&](const Name& name) { return name.text < prefix; });
  const auto last = std::partition_point(first, begin + group.names.last, [&](const Name& name) {
    return name.text.starts_with(prefix);
  });
  return {static_cast<std::uint32_t>(first - begin), static_cast<std::uint32_t>(last - begin)};
}

DirectiveSet::Index::Range DirectiveSet::Index::names_with_suffix(
    const Group& group, std::string_view suffix) const noexcept {
  if (suffix.empty()) return group.names;
  const auto begin = by_suffix_.begin();
  const auto first = std::partition_point(
      begin + group.names.first, begin + group.names.last,
      [&](std::uint32_t i) { return precedes_backwards(names_[i].text, suffix); });
  const auto last = std::partition_point(first, begin + group.names.last, [&](std::uint32_t i) {
    return names_[i].text.ends_with(suffix);
  });
  return {static_cast<std::uint32_t>(first - begin), static_cast<std::uint32_t>(last - begin)};
}

}  // namespace osproxy
