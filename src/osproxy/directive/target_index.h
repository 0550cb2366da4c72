// Finds the directives that target a request without visiting the others.
//
// Directives that constrain the same subset of (tenant, principal, endpoint, "is verified", agent,
// opaque id) to the same values, and the client to the same block of addresses, form a group. A
// prefix tree finds the blocks that the client's address is in. For each of them, and for the
// directives without a block, one hash probe finds a group for each subset in use there. A group
// stores the directives without an `index` target, and the others by the name that they target: an
// exact element of a request's index expression finds its name by hash; a wildcard finds the range
// of names with its prefix, or of those with its suffix.
//
// Immutable after construction: any thread may search, and a search allocates nothing. The index
// refers to the directives that it was built from, which must outlive it and not move.
// docs/design/matching.md gives the argument and the costs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "osproxy/directive/directive_set.h"
#include "osproxy/directive/index_elements.h"
#include "osproxy/directive/index_expression.h"
#include "osproxy/directive/prefix_tree.h"

namespace osproxy {

/// An open-addressing table from hashes to positions in an array; the caller tells positions with
/// the same hash apart. At most half full, so that a miss touches one or two cache lines.
class HashIndex {
 public:
  static constexpr std::uint32_t kNone = 0xffff'ffff;

  /// For `count` insertions.
  explicit HashIndex(std::size_t count);

  void insert(std::uint64_t hash, std::uint32_t position) noexcept;

  /// The position inserted with `hash` for which `is_it(position)` holds, or kNone.
  template <class Predicate>
  std::uint32_t find(std::uint64_t hash, Predicate&& is_it) const noexcept {
    const std::uint32_t tag = tag_of(hash);
    for (std::size_t at = hash & mask_;; at = (at + 1) & mask_) {
      const Slot& slot = slots_[at];
      if (slot.position == kNone) return kNone;
      if (slot.tag == tag && is_it(slot.position)) return slot.position;
    }
  }

 private:
  struct Slot {
    std::uint32_t tag = 0;
    std::uint32_t position = kNone;
  };

  // The lower bits are the place.
  static std::uint32_t tag_of(std::uint64_t hash) noexcept {
    return static_cast<std::uint32_t>(hash >> 32);
  }

  std::vector<Slot> slots_;
  std::size_t mask_;
};

class DirectiveSet::Index {
 public:
  explicit Index(std::span<const CompiledDirective> directives);

  /// Calls `visitor(i)` exactly once for each directive whose target fits, in no particular order.
  template <class Visitor>
  void visit(const Attributes& attributes, Visitor&& visitor) const {
    visit_groups(attributes, [&](const Group& group) {
      visit_range(group.any_index, visitor);
      if (group.names.first != group.names.last && !attributes.index.empty()) {
        visit_names(group, attributes.index, visitor);
      }
    });
  }

  /// Calls `visitor(i)` for directives with an `index` whose other targets fit: for at most
  /// kMaxNamed. False if there are more.
  template <class Visitor>
  bool visit_named(const Attributes& attributes, Visitor&& visitor) const {
    std::size_t visited = 0;
    visit_groups(attributes, [&](const Group& group) {
      if (group.names.first == group.names.last) return;
      const std::uint32_t last = names_[group.names.last - 1].directives.last;
      for (std::uint32_t at = names_[group.names.first].directives.first; at < last; ++at) {
        if (visited > kMaxNamed) return;
        ++visited;
        if (visited <= kMaxNamed) visitor(order_[at]);
      }
    });
    return visited <= kMaxNamed;
  }

 private:
  /// Of directives that may apply by the body's indices, the highest level counts. Documents rarely
  /// have more than a few; with thousands, a request is not to look at each.
  static constexpr std::size_t kMaxNamed = 256;

  /// A client chooses the expression, and may list hundreds of wildcards. After so many comparisons
  /// with names, a millisecond or two, it matches no further ones. One wildcard and several
  /// exclusions for the 10,000 directives of the largest document stay below.
  static constexpr std::size_t kMaxComparisons = 65'536;

  struct Range {
    std::uint32_t first = 0;
    std::uint32_t last = 0;  // one past the last
  };

  struct Group {
    const Target* target;  // of one of its directives; they differ only in the index
    std::uint32_t client;  // in clients_
    Range any_index;       // in order_
    Range names;           // in names_
  };

  struct Name {
    std::string_view text;
    Range directives;  // in order_
  };

  struct Hashes {
    std::uint64_t tenant = 0;
    std::uint64_t principal = 0;
    std::uint64_t agent = 0;
    std::uint64_t agent_name = 0;  // without the version
    std::uint64_t opaque_id = 0;
  };

  /// The client and the combination of attributes that groups have in common.
  struct GroupKind {
    std::uint32_t client = 0;  // in clients_
    unsigned mask = 0;
  };

  void add_group(std::span<const CompiledDirective> directives, Range range);
  void add_names(std::span<const CompiledDirective> directives, Range range);
  void fill_tables();
  void sort_by_suffix(Range names);

  Hashes hash(const Attributes& attributes) const noexcept;
  const Group* find_group(GroupKind kind, const Attributes& attributes,
                          const Hashes& hashes) const noexcept;
  static std::uint64_t hash_group(GroupKind kind, const Hashes& hashes, Endpoint endpoint) noexcept;
  static std::uint64_t hash_group(const Group& group) noexcept;
  const Name* find_name(const Group& group, std::string_view text) const noexcept;
  Range names_with_prefix(const Group& group, std::string_view prefix) const noexcept;
  Range names_with_suffix(const Group& group, std::string_view suffix) const noexcept;

  template <class GroupVisitor>
  void visit_groups(const Attributes& attributes, GroupVisitor&& visitor) const {
    const Hashes hashes = hash(attributes);
    const auto visit_client = [&](std::uint32_t client) {
      for (std::uint32_t i = clients_[client].first; i < clients_[client].last; ++i) {
        const Group* const group =
            find_group({.client = client, .mask = masks_[i]}, attributes, hashes);
        if (group != nullptr) visitor(*group);
      }
    };
    visit_client(0);
    if (blocks_.empty() || attributes.client.empty()) return;
    blocks_.visit(attributes.client_address, [&](std::uint32_t i) { visit_client(i + 1); });
  }

  template <class Visitor>
  void visit_range(Range range, Visitor&& visitor) const {
    for (std::uint32_t i = range.first; i < range.last; ++i) visitor(order_[i]);
  }

  template <class Visitor>
  void visit_names(const Group& group, std::string_view expression, Visitor&& visitor) const {
    IndexElements elements(expression);
    std::size_t comparisons_left = kMaxComparisons;
    while (const auto element = elements.next()) {
      if (element->excludes) continue;
      // The last element that covers a name decides whether the name is excluded or visited.
      const auto visit_name = [&](const Name& name) {
        if (!some_element_covers(elements, name.text, comparisons_left)) {
          visit_range(name.directives, visitor);
        }
      };
      if (element->wildcard) {
        visit_wildcard(group, element->pattern, comparisons_left, visit_name);
      } else if (const Name* const name = find_name(group, element->pattern)) {
        visit_name(*name);
      }
    }
  }

  template <class NameVisitor>
  void visit_wildcard(const Group& group, std::string_view pattern, std::size_t& comparisons_left,
                      NameVisitor&& visitor) const {
    const Range prefixed = names_with_prefix(group, pattern.substr(0, pattern.find('*')));
    if (prefixed.first == prefixed.last) return;
    const Range suffixed = names_with_suffix(group, pattern.substr(pattern.rfind('*') + 1));
    const bool by_prefix = prefixed.last - prefixed.first <= suffixed.last - suffixed.first;
    const Range candidates = by_prefix ? prefixed : suffixed;
    for (std::uint32_t i = candidates.first; i < candidates.last; ++i) {
      if (comparisons_left == 0) return;
      --comparisons_left;
      const Name& name = names_[by_prefix ? i : by_suffix_[i]];
      if (wildcard_covers(pattern, name.text)) visitor(name);
    }
  }

  static bool some_element_covers(IndexElements elements, std::string_view name,
                                  std::size_t& comparisons_left) noexcept {
    while (const auto element = elements.next()) {
      if (comparisons_left == 0) return true;
      --comparisons_left;
      if (element->covers(name)) return true;
    }
    return false;
  }

  // All constant after construction.
  std::vector<std::uint32_t> order_;  // directives by group, index name and place in the document
  std::vector<Group> groups_;
  std::vector<Name> names_;               // group by group, by text
  std::vector<std::uint32_t> by_suffix_;  // positions in names_: group by group, by reversed text
  std::vector<unsigned> masks_;           // the combinations of attributes in use, by client
  std::vector<Range> clients_{{}};        // in masks_: of no client, then of each block
  PrefixTree blocks_;
  unsigned used_ = 0;  // the attributes in use at all
  HashIndex group_table_{0};
  HashIndex name_table_{0};
};

}  // namespace osproxy
