// How maps are found and folded
//
// Problem. `{"anna":{"n":1},"ben":{"n":2}}` may be an object with two fields or a map of two users.
// A map's keys are values and must not reach a record; and a map of a million users must not take
// more memory than one of two. The body is seen once, in a stream.
//
// First attempt. Collect all paths, then decide for each object whether it is a map. That needs
// memory without a bound: for every key until the end.
//
// Idea. Folding is a merge of subtrees: the union of their paths, and the sum of their counts. It
// gives the same result whether keys are merged one by one as they come or all at the end. So it
// can be done at the moment when an object is known to be a map, and frees nodes for the rest of
// the body.
//
// Algorithm. Nodes stand in one array with a free list. child() decides by what is known:
//
// - a keyword gets its node; a key that looks like a value goes to the AnyKey node, `{key}`;
// - a name gets its node, until its object has kMaxKeysOfObject names; then fold() turns the first
//   name's node into AnyKey, and merge() adds the others to it, child by child, recursively;
// - the reader calls fold() at an object's end if half of its keys looked like values.
//
// At the end, fields() looks for objects whose members have the same keys (is_uniform_map), from
// the leaves up, because two objects may become alike only when the maps within them are folded.
//
// Room: merge() frees a node before it adds one, so that folding never needs a new node.
#include "osproxy/inspect/structure_tree.h"

#include <algorithm>

namespace osproxy {
namespace {

/// An object is a map if it has at least so many members that are objects with the same keys.
constexpr std::size_t kMinUniformMembers = 4;

void add(Sizes& sizes, const Sizes& more, bool first) noexcept {
  sizes.min = first ? more.min : std::min(sizes.min, more.min);
  sizes.max = std::max(sizes.max, more.max);
  sizes.sum += more.sum;
}

}  // namespace

StructureTree::StructureTree() { entries_.reserve(kMaxNodes); }

StructureTree::Node StructureTree::new_root() noexcept {
  return find_or_add(kNone, Step::Root, {});
}

StructureTree::Node StructureTree::find(Node parent, Step step,
                                        std::string_view key) const noexcept {
  if (parent == kNone) return kNone;
  for (Node node = entries_[parent].first_child; node != kNone; node = entries_[node].next) {
    if (entries_[node].step == step && entries_[node].name() == key) return node;
  }
  return kNone;
}

StructureTree::Node StructureTree::find_or_add(Node parent, Step step,
                                               std::string_view key) noexcept {
  if (const Node found = find(parent, step, key); found != kNone) return found;
  Node node = free_;
  if (node != kNone) {
    free_ = entries_[node].next;
    entries_[node] = {};
  } else if (entries_.size() < kMaxNodes) {
    node = static_cast<Node>(entries_.size());
    entries_.emplace_back();  // reserved
  } else {
    full_ = true;
    return kNone;
  }
  Entry& entry = entries_[node];
  entry.step = step;
  entry.parent = parent;
  entry.key_size = static_cast<std::uint8_t>(key.copy(entry.key.data(), kMaxNameBytes));
  if (parent == kNone) return node;
  Node* last = &entries_[parent].first_child;  // in the order of appearance
  while (*last != kNone) last = &entries_[*last].next;
  *last = node;
  return node;
}

StructureTree::Node StructureTree::child(Node parent, std::string_view key, KeyLook look) noexcept {
  if (parent == kNone) return kNone;
  if (look == KeyLook::Keyword) return find_or_add(parent, Step::Keyword, key);
  if (look == KeyLook::Value || entries_[parent].folded || holds_values(parent)) {
    return find_or_add(parent, Step::AnyKey, {});
  }
  if (const Node found = find(parent, Step::Name, key); found != kNone) return found;
  if (names_of(parent) < kMaxKeysOfObject) return find_or_add(parent, Step::Name, key);
  fold(parent);
  return find_or_add(parent, Step::AnyKey, {});
}

StructureTree::Node StructureTree::element(Node parent) noexcept {
  return parent == kNone ? kNone : find_or_add(parent, Step::Element, {});
}

/// True where OpenSearch's query language lets users choose the keys: named filters, and parameters
/// of scripts.
bool StructureTree::holds_values(Node parent) const noexcept {
  const auto is = [this](Node node, std::string_view keyword) {
    return entries_[node].step == Step::Keyword && entries_[node].name() == keyword;
  };
  if (is(parent, "filters")) return true;
  for (Node node = entries_[parent].parent; node != kNone; node = entries_[node].parent) {
    if (is(node, "params")) return true;
  }
  return false;
}

std::size_t StructureTree::names_of(Node parent) const noexcept {
  std::size_t names = 0;
  for (Node node = entries_[parent].first_child; node != kNone; node = entries_[node].next) {
    names += entries_[node].step == Step::Name ? 1U : 0U;
  }
  return names;
}

void StructureTree::count(Node node, JsonType type, std::uint64_t size) noexcept {
  if (node == kNone) return;
  Entry& entry = entries_[node];
  const auto place = static_cast<std::size_t>(type);
  const bool first = entry.counts[place]++ == 0;
  if (place < entry.sizes.size()) {
    add(entry.sizes[place], {.min = size, .max = size, .sum = size}, first);
  }
}

void StructureTree::fold(Node node) noexcept {
  if (node == kNone || entries_[node].folded) return;
  entries_[node].folded = true;
  Node any = find(node, Step::AnyKey, {});
  Node* link = &entries_[node].first_child;
  while (*link != kNone) {
    const Node child = *link;
    Entry& entry = entries_[child];
    if (entry.step != Step::Name) {
      link = &entry.next;
    } else if (any == kNone) {  // the first name's node becomes `{key}`: no new node is needed
      any = child;
      entry.step = Step::AnyKey;
      entry.key_size = 0;
      link = &entry.next;
    } else {
      *link = entry.next;
      merge(any, child);
    }
  }
}

/// Adds `from`, which has been unlinked, to `into`, and frees it. The recursion is as deep as the
/// tree, which the reader bounds.
void StructureTree::merge(Node into, Node from) noexcept {
  Entry& target = entries_[into];
  const Entry source = entries_[from];
  for (std::size_t i = 0; i < kJsonTypeCount; ++i) {
    if (source.counts[i] == 0) continue;
    if (i < source.sizes.size()) add(target.sizes[i], source.sizes[i], target.counts[i] == 0);
    target.counts[i] += source.counts[i];
  }
  entries_[from] = {.next = free_};
  free_ = from;
  Node next = kNone;
  for (Node node = source.first_child; node != kNone; node = next) {
    next = entries_[node].next;
    const Entry& child = entries_[node];
    const bool folds = target.folded && child.step == Step::Name;
    const Step step = folds ? Step::AnyKey : child.step;
    const std::string_view name = folds ? std::string_view() : child.name();
    // There is room: `from` has just been freed, and each child is freed in its turn.
    merge(find_or_add(into, step, name), node);
  }
  if (source.folded || names_of(into) > kMaxKeysOfObject) fold(into);
}

bool StructureTree::has_same_keys(Node a, Node b) const noexcept {
  std::size_t of_a = 0;
  std::size_t of_b = 0;
  for (Node node = entries_[b].first_child; node != kNone; node = entries_[node].next) ++of_b;
  for (Node node = entries_[a].first_child; node != kNone; node = entries_[node].next) {
    if (find(b, entries_[node].step, entries_[node].name()) == kNone) return false;
    ++of_a;
  }
  return of_a == of_b && of_a > 0;
}

bool StructureTree::is_uniform_map(Node node) const noexcept {
  Node first = kNone;
  std::size_t alike = 0;
  std::size_t others = 0;  // such as a last member some of whose keys found no room
  for (Node child = entries_[node].first_child; child != kNone; child = entries_[child].next) {
    if (entries_[child].step != Step::Name) continue;
    if (first == kNone) first = child;
    ++(has_same_keys(first, child) ? alike : others);
  }
  return alike >= kMinUniformMembers && alike > others;
}

void StructureTree::fold_uniform_maps(Node node) noexcept {
  for (Node child = entries_[node].first_child; child != kNone; child = entries_[child].next) {
    fold_uniform_maps(child);
  }
  if (is_uniform_map(node)) fold(node);
}

std::vector<BodyField> StructureTree::fields(Node root) {
  std::vector<BodyField> fields;
  if (root == kNone) return fields;
  fold_uniform_maps(root);
  std::string path;
  write(root, path, fields);
  return fields;
}

void StructureTree::write(Node node, std::string& path, std::vector<BodyField>& out) {
  const Entry& entry = entries_[node];
  for (std::size_t i = 0; i < kJsonTypeCount; ++i) {
    if (entry.counts[i] == 0) continue;
    path_bytes_ += path.size();
    if (path_bytes_ > kMaxPathBytes) {
      full_ = true;
      return;
    }
    out.push_back({.path = path,
                   .type = static_cast<JsonType>(i),
                   .count = entry.counts[i],
                   .sizes = i < entry.sizes.size() ? entry.sizes[i] : Sizes{}});
  }
  const std::size_t size = path.size();
  for (Node child = entry.first_child; child != kNone; child = entries_[child].next) {
    const Entry& below = entries_[child];
    if (below.step == Step::Element) {
      path.append("[]");
    } else {
      if (!path.empty()) path.push_back('.');
      path.append(below.step == Step::AnyKey ? "{key}" : below.name());
    }
    write(child, path, out);
    path.resize(size);
  }
}

}  // namespace osproxy
