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
//   name's node into AnyKey, and merge() adds the others to it, child by child, recursively.
//
// At the end, write_to() judges each place by all names seen at it, from the leaves up, because two
// objects may become alike only when the maps within them are folded. `{key}` itself is judged
// again after names were merged into it.
//
// Room: merge() frees a node before it adds one, so that folding never needs a new node.
#include "osproxy/inspect/structure_tree.h"

#include <algorithm>
#include <utility>

#include "osproxy/core/hash.h"

namespace osproxy {
namespace {

/// An object is a map if it has at least so many members that are objects with the same keys.
constexpr std::size_t kMinUniformMembers = 4;

/// In a query, their keys are names of fields. Sorted.
constexpr auto kKeyedByField = std::to_array<std::string_view>({
    "common",       "exp",
    "fields",       "fuzzy",
    "gauss",        "geo_bounding_box",
    "geo_distance", "geo_polygon",
    "geo_shape",    "intervals",
    "knn",          "linear",
    "match",        "match_bool_prefix",
    "match_phrase", "match_phrase_prefix",
    "neural",       "neural_sparse",
    "prefix",       "range",
    "regexp",       "sort",
    "span_term",    "term",
    "terms",        "terms_set",
    "wildcard",     "xy_shape",
});
static_assert(std::ranges::is_sorted(kKeyedByField));

/// In a query, their keys are names that the client gives to parts of it. Sorted.
constexpr auto kKeyedByName = std::to_array<std::string_view>({
    "aggregations",
    "aggs",
    "derived",
    "script_fields",
    "sources",
    "suggest",
});
static_assert(std::ranges::is_sorted(kKeyedByName));

/// In a query, their value is a document. Sorted.
constexpr auto kDocuments = std::to_array<std::string_view>({
    "doc",
    "document",
    "documents",
    "upsert",
});
static_assert(std::ranges::is_sorted(kDocuments));

void add(Sizes& sizes, const Sizes& more, bool first) noexcept {
  sizes.min = first ? more.min : std::min(sizes.min, more.min);
  sizes.max = std::max(sizes.max, more.max);
  sizes.sum += more.sum;
}

}  // namespace

StructureTree::StructureTree() { entries_.reserve(kMaxNodes); }

StructureTree::Node StructureTree::new_root(Content content) noexcept {
  const Node root = find_or_add(kNone, Step::Root, {});
  if (root != kNone) entries_[root].content = content;
  return root;
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
  const bool begins_document =
      step != Step::AnyKey && step != Step::Element && std::ranges::binary_search(kDocuments, key);
  entry.content = begins_document ? Content::Document : entries_[parent].content;
  Node* last = &entries_[parent].first_child;  // in the order of appearance
  while (*last != kNone) last = &entries_[*last].next;
  *last = node;
  return node;
}

StructureTree::Node StructureTree::child(Node parent, std::string_view key, KeyLook look) noexcept {
  if (parent == kNone) return kNone;
  const Entry& object = entries_[parent];
  if (look == KeyLook::Keyword) return find_or_add(parent, Step::Keyword, key);
  if (look == KeyLook::Hidden) return add_value(parent, {}, FoldReason::NotAQuery);
  if (look == KeyLook::Value) return add_value(parent, key, FoldReason::LooksLikeValue);
  if (object.folds_for != 0)
    return add_value(parent, {}, static_cast<FoldReason>(object.folds_for));
  if (keys_of(parent) == Keys::Chosen) return add_value(parent, {}, FoldReason::ChosenByClients);
  Node name = find(parent, Step::Name, key);
  if (name == kNone && names_of(parent) >= kMaxKeysOfObject) {
    fold(parent, FoldReason::TooManyKeys);
    return add_value(parent, {}, FoldReason::TooManyKeys);
  }
  if (name == kNone) name = find_or_add(parent, Step::Name, key);
  if (name != kNone) entries_[name].is_in_object = true;
  return name;
}

/// `key` is empty if it need not be told from others.
StructureTree::Node StructureTree::add_value(Node parent, std::string_view key,
                                             FoldReason reason) noexcept {
  if (!key.empty()) {
    Entry& object = entries_[parent];
    const auto hash = static_cast<std::uint32_t>(fnv1a_64(key)) | 1U;  // 0: none yet
    const bool is_another = object.value_hash != 0 && object.value_hash != hash;
    object.has_several_values = object.has_several_values || is_another;
    object.value_hash = hash;
  }
  const Node any = find_or_add(parent, Step::AnyKey, {});
  if (any != kNone) entries_[any].folded_for |= static_cast<std::uint8_t>(reason);
  return any;
}

StructureTree::Node StructureTree::element(Node parent) noexcept {
  return parent == kNone ? kNone : find_or_add(parent, Step::Element, {});
}

StructureTree::Keys StructureTree::keys_of(Node parent) const noexcept {
  const auto name_of = [this](Node node) { return entries_[node].name(); };
  if (name_of(parent) == "filters") return Keys::Chosen;
  for (Node node = entries_[parent].parent; node != kNone; node = entries_[node].parent) {
    if (name_of(node) == "params") return Keys::Chosen;
  }
  if (entries_[parent].content == Content::Document) return Keys::Unknown;
  const Node owner =
      entries_[parent].step == Step::Element ? entries_[parent].parent : parent;  // sort[]
  if (std::ranges::binary_search(kKeyedByField, name_of(owner))) return Keys::Fields;
  return std::ranges::binary_search(kKeyedByName, name_of(owner)) ? Keys::Names : Keys::Unknown;
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

/// Names are vouched for by an object in which they outnumber the keys that look like values, or of
/// which at most one does.
void StructureTree::end_object(Node node, std::uint32_t names, std::uint32_t values) noexcept {
  if (node == kNone) return;
  Entry& object = entries_[node];
  object.names += names;
  object.values += values;
  if (names == 0) return;
  const bool vouches = values <= 1 || names > values;
  for (Node child = object.first_child; child != kNone; child = entries_[child].next) {
    Entry& entry = entries_[child];
    if (entry.is_in_object && vouches) entry.is_vouched = true;
    entry.is_in_object = false;
  }
}

/// Folds the names of `node`, later ones included.
void StructureTree::fold(Node node, FoldReason reason) noexcept {
  entries_[node].folds_for |= static_cast<std::uint8_t>(reason);
  fold_if(node, reason, [](const Entry&) { return true; });
}

void StructureTree::fold_not_vouched(Node node) noexcept {
  fold_if(node, FoldReason::AmongValues, [](const Entry& name) { return !name.is_vouched; });
}

template <class Predicate>
void StructureTree::fold_if(Node node, FoldReason reason, Predicate&& is_folded) noexcept {
  Node any = find(node, Step::AnyKey, {});
  Node* link = &entries_[node].first_child;
  while (*link != kNone) {
    const Node child = *link;
    Entry& entry = entries_[child];
    if (entry.step != Step::Name || !is_folded(entry)) {
      link = &entry.next;
      continue;
    }
    if (any == kNone) {  // the first name's node becomes `{key}`: no new node is needed
      any = child;
      entry.step = Step::AnyKey;
      entry.key_size = 0;
      link = &entry.next;
    } else {
      *link = entry.next;
      merge(any, child);
    }
    entries_[any].folded_for |= static_cast<std::uint8_t>(reason);
  }
}

/// Adds all but the children.
void StructureTree::add_counts(Entry& to, const Entry& more) noexcept {
  for (std::size_t i = 0; i < kJsonTypeCount; ++i) {
    if (more.counts[i] == 0) continue;
    if (i < more.sizes.size()) add(to.sizes[i], more.sizes[i], to.counts[i] == 0);
    to.counts[i] += more.counts[i];
  }
  to.names += more.names;
  to.values += more.values;
  const bool is_another =
      to.value_hash != 0 && more.value_hash != 0 && to.value_hash != more.value_hash;
  to.has_several_values = to.has_several_values || more.has_several_values || is_another;
  if (to.value_hash == 0) to.value_hash = more.value_hash;
  to.is_vouched = to.is_vouched || more.is_vouched;
  to.folded_for |= more.folded_for;
  if (more.content == Content::Document) to.content = Content::Document;
}

/// Adds `from`, which has been unlinked, to `into`, and frees it. The recursion is as deep as the
/// tree, which the reader bounds.
void StructureTree::merge(Node into, Node from) noexcept {
  Entry& target = entries_[into];
  const Entry source = entries_[from];
  add_counts(target, source);
  entries_[from] = {.next = free_};
  free_ = from;
  Node next = kNone;
  for (Node node = source.first_child; node != kNone; node = next) {
    next = entries_[node].next;
    const Entry& child = entries_[node];
    const bool folds = target.folds_for != 0 && child.step == Step::Name;
    const Step step = folds ? Step::AnyKey : child.step;
    const std::string_view name = folds ? std::string_view() : child.name();
    const std::uint8_t reasons = folds ? target.folds_for : child.folded_for;
    // There is room: `from` has just been freed, and each child is freed in its turn.
    const bool is_new = find(into, step, name) == kNone;
    const Node same = find_or_add(into, step, name);
    if (is_new) entries_[same].content = child.content;
    entries_[same].folded_for |= reasons;
    merge(same, node);
  }
  if (source.folds_for != 0) {
    fold(into, static_cast<FoldReason>(source.folds_for));
  } else if (names_of(into) > kMaxKeysOfObject) {
    fold(into, FoldReason::TooManyKeys);
  }
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

template <class Visitor>
void StructureTree::for_each_name(Node node, Visitor&& visitor) const noexcept {
  for (Node child = entries_[node].first_child; child != kNone; child = entries_[child].next) {
    if (entries_[child].step == Step::Name) visitor(child);
  }
}

/// The result must not depend on the order of the members. So the members are first searched for
/// the one whose keys most of them have (Boyer and Moore's majority vote), and then counted.
bool StructureTree::is_uniform_map(Node node) const noexcept {
  Node candidate = kNone;
  std::size_t lead = 0;
  for_each_name(node, [&](Node name) {
    if (lead == 0) candidate = name;
    lead = name == candidate || has_same_keys(candidate, name) ? lead + 1 : lead - 1;
  });
  std::size_t alike = 0;
  std::size_t others = 0;  // such as a last member some of whose keys found no room
  for_each_name(node, [&](Node name) { ++(has_same_keys(candidate, name) ? alike : others); });
  return alike >= kMinUniformMembers && alike > others;
}

/// True for many names, nearly all of which have values of one type. Null counts as a value of any
/// type. Which types a name has counts, and not how often: the length of an array decides nothing.
bool StructureTree::has_like_values(Node node) const noexcept {
  constexpr auto kNull = static_cast<std::size_t>(JsonType::Null);
  std::array<std::size_t, kJsonTypeCount> names_by_type{};
  std::size_t names = 0;
  for_each_name(node, [&](Node name) {
    const auto& counts = entries_[name].counts;
    const bool is_null_only = std::ranges::count(counts, 0U) == kJsonTypeCount - 1 &&  //
                              counts[kNull] > 0;
    ++names;
    for (std::size_t type = 0; type < kJsonTypeCount; ++type) {
      if (is_null_only || (type != kNull && counts[type] > 0)) ++names_by_type[type];
    }
  });
  return names > kMaxLikeNames && 5 * *std::ranges::max_element(names_by_type) >= 4 * names;
}

void StructureTree::fold_maps(Node node) noexcept {
  for (Node child = entries_[node].first_child; child != kNone; child = entries_[child].next) {
    fold_maps(child);
  }
  const Keys keys = keys_of(node);
  if (keys == Keys::Fields || names_of(node) == 0) return;
  const Entry& place = entries_[node];
  const bool merges = find(node, Step::AnyKey, {}) != kNone;
  if (place.has_several_values && (is_for_shape_ || place.values >= place.names)) {
    fold(node, FoldReason::AmongValues);
  } else if (has_like_values(node)) {
    fold(node, FoldReason::ManyLikeValues);
  } else if (keys == Keys::Unknown && is_uniform_map(node)) {
    fold(node, FoldReason::SameMembers);
  } else {
    if (place.values > 0) fold_not_vouched(node);
    if (!merges) return;
  }
  const Node any = find(node, Step::AnyKey, {});
  if (any != kNone) fold_maps(any);  // it has more members now
}

void StructureTree::write_to(Node root, BodyPart& part) {
  if (root == kNone) return;
  fold_maps(root);
  std::string path;
  write(root, path, part);
}

/// One field for each type of the values at `path`.
void StructureTree::write_types(const Entry& entry, const std::string& path, BodyPart& part) {
  std::uint64_t count = 0;
  for (std::size_t i = 0; i < kJsonTypeCount; ++i) {
    if (entry.counts[i] == 0) continue;
    count += entry.counts[i];
    path_bytes_ += path.size();
    if (path_bytes_ > kMaxPathBytes) {
      full_ = true;
      return;
    }
    part.fields.push_back({.path = path,
                           .type = static_cast<JsonType>(i),
                           .count = entry.counts[i],
                           .sizes = i < entry.sizes.size() ? entry.sizes[i] : Sizes{}});
  }
  if (entry.step == Step::AnyKey && count > 0) {
    part.folded.push_back({.path = path, .count = count, .reasons = entry.folded_for});
  }
}

/// Returns the size of `path` before it.
std::size_t StructureTree::append_step(const Entry& entry, std::string& path) {
  const std::size_t size = path.size();
  if (entry.step == Step::Element) {
    path.append("[]");
  } else {
    if (!path.empty()) path.push_back('.');
    path.append(entry.step == Step::AnyKey ? "{key}" : entry.name());
  }
  return size;
}

void StructureTree::write(Node node, std::string& path, BodyPart& part) {
  const Entry& entry = entries_[node];
  write_types(entry, path, part);
  for (Node child = entry.first_child; child != kNone; child = entries_[child].next) {
    const std::size_t size = append_step(entries_[child], path);
    write(child, path, part);
    path.resize(size);
  }
}

void StructureTree::add_shape(Node root, std::string_view kind, std::vector<std::string>& lines) {
  if (root == kNone) return;
  is_for_shape_ = true;
  fold_maps(root);
  std::string path;
  add_shape_below(root, kind, path, lines);
}

void StructureTree::add_shape_below(Node node, std::string_view kind, std::string& path,
                                    std::vector<std::string>& lines) {
  const Entry& entry = entries_[node];
  for (std::size_t i = 0; i < kJsonTypeCount; ++i) {
    if (entry.counts[i] == 0) continue;
    path_bytes_ += path.size();
    full_ = full_ || path_bytes_ > kMaxPathBytes;
    if (full_) return;
    std::string& line = lines.emplace_back(kind);
    line.append(1, ' ').append(to_string(static_cast<JsonType>(i)));
    line.append(1, ' ').append(path.empty() ? "$" : path);
  }
  for (Node child = entry.first_child; child != kNone; child = entries_[child].next) {
    const std::size_t size = append_step(entries_[child], path);
    add_shape_below(child, kind, path, lines);
    path.resize(size);
  }
}

}  // namespace osproxy
