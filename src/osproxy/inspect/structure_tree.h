// Collects the paths of a body, and what is at each, in bounded memory; folds keys that are values.
//
//   StructureTree tree;
//   auto node = tree.child(tree.root("body"), "query", KeyLook::Keyword);
//   tree.count(node, JsonType::Object, 1);
//   std::vector<BodyField> fields = tree.fields(tree.root("body"));
//
// A folded key is `{key}` in a path. Folded are keys that look like values, and all keys but those
// of OpenSearch's query language of an object that is a map:
//
//   - one with more than kMaxKeysOfPlace different keys;
//   - one where half of the keys or more look like values (the reader counts, fold() folds);
//   - one with four or more members, most of them objects of the same keys;
//   - the named `filters` of an aggregation, whose names are often the filter itself, and maps
//     within a script's `params`.
//
// What was told apart before an object turned out to be a map is merged: fold() may be called
// whenever no child of that node is in use. Memory is taken once, by the constructor. Pure.
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

/// What a key is by its looks.
enum class KeyLook : std::uint8_t { Keyword, Name, Value };

class StructureTree {
 public:
  using Node = std::uint16_t;

  /// No place for another: what is below is not kept.
  static constexpr Node kNone = 0xFFFF;

  /// Enough for a query of many clauses, or a document of many fields; 40 KiB of memory.
  static constexpr std::size_t kMaxNodes = 256;

  /// An object with more different keys is a map.
  static constexpr std::size_t kMaxKeysOfPlace = 64;

  /// Bounds what the paths, each written out, take in a record.
  static constexpr std::size_t kMaxPathBytes = 16 * 1024;

  /// May throw std::bad_alloc; nothing else here does, but for fields().
  StructureTree();

  Node new_root() noexcept;
  Node child(Node parent, std::string_view key, KeyLook look) noexcept;
  Node element(Node parent) noexcept;

  void count(Node node, JsonType type, std::uint64_t size) noexcept;

  /// `node` is a map: folds its keys, those to come as well.
  void fold(Node node) noexcept;

  /// True once something was left out.
  bool full() const noexcept { return full_; }

  /// What is at `root` and below. Folds what is found to be maps only now.
  std::vector<BodyField> fields(Node root);

 private:
  enum class Step : std::uint8_t { Root, Keyword, Name, AnyKey, Element };

  struct Entry {
    Step step = Step::Root;
    bool folded = false;
    std::uint8_t key_size = 0;
    Node parent = kNone;
    Node first_child = kNone;
    Node next = kNone;  // sibling, or the next free one
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
