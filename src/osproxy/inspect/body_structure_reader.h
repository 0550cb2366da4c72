// Reads the structure of a request's body while it streams by.
//
//   BodyStructureReader reader({.endpoint = Endpoint::Search, …});
//   reader.read(payload);                          // each piece, in whatever sizes they come
//   BodyStructure structure = reader.finish(whole);     // once
//
// The lines of `_bulk` and `_msearch` are taken together by kind: actions and sources, headers and
// searches. Which keys are shown, and which are folded into `{key}`, is the business of
// structure_tree.h and key_names.h; of endpoints whose bodies are not known to be queries or
// documents only the words of OpenSearch's query language are shown. Strings and numbers are
// measured or counted, never kept.
//
// Work and memory are bounded for any body: kMaxBytes are read, kMaxDepth levels kept, and as many
// paths as the tree has room for.
//
// Pure, but for zlib's memory if the body is compressed. Not thread-safe: one owner each.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "osproxy/inspect/json_scanner.h"
#include "osproxy/inspect/plain_body.h"
#include "osproxy/inspect/structure_tree.h"
#include "osproxy/record/body_structure.h"

namespace osproxy {

class BodyStructureReader {
 public:
  /// A query is far shorter; of a bulk it is thousands of documents, which tell the rest.
  static constexpr std::size_t kMaxBytes = 1 << 20;

  /// What is nested deeper is left out.
  static constexpr std::size_t kMaxDepth = 24;

  /// The views are used no longer than this call. May throw std::bad_alloc.
  explicit BodyStructureReader(const BodyHead& head);

  void read(std::string_view payload) noexcept {
    if (reading_) take(payload);
  }

  /// The body is over; `whole`: it came to its end. May throw std::bad_alloc.
  BodyStructure finish(bool whole);

 private:
  enum class Lines : std::uint8_t { None, Bulk, MultiSearch };
  enum class Kind : std::uint8_t {
    Body,
    Index,
    IndexSource,
    Create,
    CreateSource,
    Update,
    UpdateSource,
    Delete,
    OtherAction,
    Header,
    Search,
  };
  static constexpr std::size_t kKindCount = 11;

  struct Part {
    StructureTree::Node root = StructureTree::kNone;
    std::uint64_t count = 0;
    std::uint64_t bytes = 0;
  };

  /// An object or array that is open.
  struct Open {
    StructureTree::Node node = StructureTree::kNone;
    bool object = false;
    std::uint32_t size = 0;    // members or elements so far
    std::uint32_t names = 0;   // keys that look like names, but for keywords
    std::uint32_t values = 0;  // and like values
  };

  static std::string_view name_of(Kind kind) noexcept;
  static Lines lines_of(Endpoint endpoint) noexcept;

  void take(std::string_view payload) noexcept;
  bool take_plain(std::string_view plain) noexcept;
  void take_lines(std::string_view plain) noexcept;
  void take_json(std::string_view json) noexcept;
  void end_line() noexcept;
  void begin_line() noexcept;
  void take_token(JsonScanner::Token token) noexcept;
  void take_key() noexcept;
  void take_action(std::string_view action) noexcept;
  StructureTree::Node next_value(std::size_t depth) noexcept;
  void take_scalar(JsonType type, std::uint64_t size) noexcept;
  void begin(bool object) noexcept;
  void end(std::size_t depth) noexcept;
  void end_what_is_open() noexcept;
  void count_line() noexcept;
  Open* innermost() noexcept;
  StructureTree::Node root_of(Kind kind) noexcept;
  void stop(NotRead reason) noexcept;
  void truncate(Truncation reason) noexcept;

  const Lines lines_;
  const bool shows_names_;
  bool reading_ = true;
  bool action_is_open_ = false;  // an action line whose kind is not known yet
  Kind kind_ = Kind::Body;       // of the line under way
  Kind next_ = Kind::Body;       // of the one behind it
  std::uint64_t line_bytes_ = 0;
  BodyStructure result_;
  PlainBody body_;
  JsonScanner scanner_;
  StructureTree tree_;
  StructureTree::Node pending_ = StructureTree::kNone;  // the key's whose value comes next
  std::array<Open, kMaxDepth> open_{};
  std::array<Part, kKindCount> parts_{};
  std::array<Kind, kKindCount> order_{};  // of appearance
  std::size_t seen_ = 0;
};

}  // namespace osproxy
