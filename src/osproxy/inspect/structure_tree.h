// Collects the paths of a body, with the types, counts and sizes at each, in bounded memory; folds
// keys that may be values.
//
//   StructureTree tree;
//   const StructureTree::Node root = tree.new_root();
//   tree.count(root, JsonType::Object, 1);  // {"query":{…}}
//   tree.count(tree.child(root, "query", KeyLook::Keyword), JsonType::Object, 1);
//   const std::vector<BodyField> fields = tree.fields(root);  // paths "" and "query"
//
// A folded key is `{key}` in a path. A key is folded if it looks like a value, or if its object is
// a map and it is no keyword of OpenSearch's query language. These objects are maps:
//
// - those with more than kMaxKeysOfObject different keys;
// - those in which at least half of the keys look like values (the reader counts and calls fold());
// - those with four members or more, most of which are objects with the same keys:
//   `{"anna":{"n":1},"ben":{"n":2},"cleo":{"n":7},"dan":{"n":4}}` has the paths "{key}" and
//   "{key}.n". `{"title":{"boost":2},"body":{"boost":1}}` is no map: two members may be chance;
// - the named `filters` of an aggregation, whose names often repeat the filter, and all objects
//   within a script's `params`.
//
// An object may turn out to be a map after some of its keys were added by name. These are merged
// into `{key}` then. fold() may be called whenever no child of its node is in use.
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

/// How a key looks: a keyword of the query language, the name of a field, or a value.
enum class KeyLook : std::uint8_t { Keyword, Name, Value };

class StructureTree {
 public:
  using Node = std::uint16_t;

  /// Stands for a node that did not fit. It may be passed to any function, which ignores it.
  static constexpr Node kNone = 0xFFFF;

  /// Enough for a query of many clauses or a document of many fields; 40 KiB of memory.
  static constexpr std::size_t kMaxNodes = 256;

  /// An object with more different keys is a map.
  static constexpr std::size_t kMaxKeysOfObject = 64;

  /// Bounds the memory of a record's paths, of which each is written out.
  static constexpr std::size_t kMaxPathBytes = 16 * 1024;

  /// May throw std::bad_alloc; nothing else here does, but for fields().
  StructureTree();

  Node new_root() noexcept;
  Node child(Node parent, std::string_view key, KeyLook look) noexcept;
  Node element(Node parent) noexcept;

  void count(Node node, JsonType type, std::uint64_t size) noexcept;

  /// Folds the keys of `node`, later ones included.
  void fold(Node node) noexcept;

  /// True if a node or a path was left out for lack of room.
  bool full() const noexcept { return full_; }

  /// The fields at `root` and below. Before that, folds objects whose members all look the same.
  std::vector<BodyField> fields(Node root);

 private:
  enum class Step : std::uint8_t { Root, Keyword, Name, AnyKey, Element };

  struct Entry {
    Step step = Step::Root;
    bool folded = false;
    std::uint8_t key_size = 0;
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
  std::size_t names_of(Node parent) const noexcept;
  bool holds_values(Node parent) const noexcept;
  void merge(Node into, Node from) noexcept;
  bool is_uniform_map(Node node) const noexcept;
  bool has_same_keys(Node a, Node b) const noexcept;
  void fold_uniform_maps(Node node) noexcept;
  void write(Node node, std::string& path, std::vector<BodyField>& out);

  std::vector<Entry> entries_;
  Node free_ = kNone;
  std::size_t path_bytes_ = 0;
  bool full_ = false;
};

}  // namespace osproxy
