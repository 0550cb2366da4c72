// Collects the paths of a body, with the types, counts and sizes at each, in bounded memory; folds
// keys that may be values.
//
//   StructureTree tree;
//   const StructureTree::Node root = tree.new_root(StructureTree::Content::Query);
//   tree.count(root, JsonType::Object, 1);  // {"query":{…}}
//   tree.count(tree.child(root, "query", KeyLook::Keyword), JsonType::Object, 1);
//   BodyPart part;
//   tree.write_to(root, part);  // paths "" and "query"
//
// A folded key is `{key}` in a path. A key is folded if it looks like a value, or if its place is a
// map. A place is a path; the keys of all objects at it are judged together, at the end:
//
// - in a query, the keys below `range`, `match`, `sort` and the like are names of fields by the
//   query language. None of them is folded for the sake of others;
// - keys are a map's if at least as many of them look like values as like names, and two different
//   ones do. A single odd key hides no other;
// - a name that was only ever seen in objects of which this holds is folded;
// - more than kMaxLikeNames names are a map's, if four fifths of them have values of one type, null
//   aside. That holds for the names of aggregations, too;
// - four names or more are a map's, if most of them have objects with the same keys:
//   `{"anna":{"n":1},"ben":{"n":2},"cleo":{"n":7},"dan":{"n":4}}` has the paths "{key}" and
//   "{key}.n". `{"title":{"boost":2},"body":{"boost":1}}` is no map: two members may be chance;
// - more than kMaxKeysOfObject names are a map's;
// - the named `filters` of an aggregation, whose names often repeat the filter, and all objects
//   within a script's `params` are maps.
//
// Keywords of the query language are never folded. In a document they are names like others.
//
// A place may turn out to be a map after some of its keys were added by name. These are merged into
// `{key}` then, with the reason.
//
// The constructor allocates all memory. Pure. Not thread-safe.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "osproxy/inspect/key_names.h"
#include "osproxy/record/body_structure.h"

namespace osproxy {

/// How a key looks: a keyword of the query language, the name of a field, or a value. Hidden: it is
/// no keyword, and the body is of a kind of which only keywords are shown.
enum class KeyLook : std::uint8_t { Keyword, Name, Value, Hidden };

class StructureTree {
 public:
  using Node = std::uint16_t;

  /// Stands for a node that did not fit. It may be passed to any function, which ignores it.
  static constexpr Node kNone = 0xFFFF;

  /// A query has keywords and places whose keys are names of fields; a document has neither.
  enum class Content : std::uint8_t { Query, Document };

  /// Enough for a query of many clauses or a document of many fields; 45 KiB of memory.
  static constexpr std::size_t kMaxNodes = 256;

  /// An object with more different keys is a map.
  static constexpr std::size_t kMaxKeysOfObject = 64;

  /// With more names whose values are of one type, an object is a map. Documents of more fields
  /// mostly have several types.
  static constexpr std::size_t kMaxLikeNames = 12;

  /// Bounds the memory of a record's paths, of which each is written out.
  static constexpr std::size_t kMaxPathBytes = 16 * 1024;

  /// May throw std::bad_alloc; nothing else here does, but for write_to().
  StructureTree();

  Node new_root(Content content) noexcept;
  Node child(Node parent, std::string_view key, KeyLook look) noexcept;
  Node element(Node parent) noexcept;

  /// True for a place in a document: keywords of the query language mean nothing there.
  bool is_in_document(Node node) const noexcept {
    return node != kNone && entries_[node].content == Content::Document;
  }

  void count(Node node, JsonType type, std::uint64_t size) noexcept;

  /// Ends an object at `node`, of which `names` keys look like names and `values` like values.
  void end_object(Node node, std::uint32_t names, std::uint32_t values) noexcept;

  /// True if a node or a path was left out for lack of room.
  bool full() const noexcept { return full_; }

  /// Folds the maps at `root` and below; then writes the fields and what is folded.
  void write_to(Node root, BodyPart& part);

  /// Adds the lines of a shape (shape_hash.h), one for each path and type, in no particular order.
  /// Folds more than write_to(), so that the length of no array decides: two different keys that
  /// look like values make a place a map, however many names it has. Call it on a copy, if
  /// write_to() follows. If full() afterwards, lines are missing.
  void add_shape(Node root, std::string_view kind, std::vector<std::string>& lines);

 private:
  /// The meaning of a place's keys: names of fields by the query language, names that the query
  /// language lets clients choose, the same but likely to be values, or unknown.
  enum class Keys : std::uint8_t { Fields, Names, Chosen, Unknown };

  enum class Step : std::uint8_t { Root, Keyword, Name, AnyKey, Element };

  /// Members: a node's place, its counts, and what decides whether it is folded.
  struct Entry {
    Step step = Step::Root;
    Content content = Content::Query;
    std::uint8_t key_size = 0;
    std::uint8_t folds_for = 0;       // if its names are folded: why, as bits of FoldReason
    std::uint8_t folded_for = 0;      // of `{key}`: why its keys are
    bool is_in_object = false;        // of a name: the object that is being read has it
    bool is_vouched = false;          // of a name: an object has it that is no map
    bool has_several_values = false;  // two different keys look like values
    std::uint32_t value_hash = 0;     // of the first key that looks like a value
    std::uint32_t names = 0;          // keys that look like names, over all objects
    std::uint32_t values = 0;         // keys that look like values
    Node parent = kNone;
    Node first_child = kNone;
    Node next = kNone;  // the next sibling, or the next in the free list
    std::array<char, kMaxNameBytes> key{};
    std::array<std::uint32_t, kJsonTypeCount> counts{};
    std::array<Sizes, 3> sizes{};  // of objects, arrays and strings

    std::string_view name() const noexcept { return {key.data(), key_size}; }
  };

  Node find(Node parent, Step step, std::string_view key) const noexcept;
  Node find_or_add(Node parent, Step step, std::string_view key) noexcept;
  Node add_value(Node parent, std::string_view key, FoldReason reason) noexcept;
  std::size_t names_of(Node parent) const noexcept;
  Keys keys_of(Node parent) const noexcept;
  void fold(Node node, FoldReason reason) noexcept;
  void fold_not_vouched(Node node) noexcept;
  template <class Predicate>
  void fold_if(Node node, FoldReason reason, Predicate&& is_folded) noexcept;
  void merge(Node into, Node from) noexcept;
  void add_counts(Entry& to, const Entry& more) noexcept;
  bool is_uniform_map(Node node) const noexcept;
  bool has_same_keys(Node a, Node b) const noexcept;
  bool has_like_values(Node node) const noexcept;
  void fold_maps(Node node) noexcept;
  template <class Visitor>
  void for_each_name(Node node, Visitor&& visitor) const noexcept;
  static std::size_t append_step(const Entry& entry, std::string& path);
  void add_shape_below(Node node, std::string_view kind, std::string& path,
                       std::vector<std::string>& lines);
  void write(Node node, std::string& path, BodyPart& part);
  void write_types(const Entry& entry, const std::string& path, BodyPart& part);

  std::vector<Entry> entries_;
  Node free_ = kNone;
  std::size_t path_bytes_ = 0;
  bool full_ = false;
  bool is_for_shape_ = false;  // the tree is folded for a shape
};

}  // namespace osproxy
