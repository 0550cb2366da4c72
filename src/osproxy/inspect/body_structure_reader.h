// Reads the structure of a request's body while the body streams through the proxy.
//
//   BodyStructureReader reader({.endpoint = Endpoint::Search, .content_type = "application/json"});
//   reader.read(R"({"query":{"term":)");           // pieces of any size
//   reader.read(R"({"status":"open"}}})");
//   const BodyStructure structure = reader.finish(true);  // paths "", "query", "query.term", …
//
// The lines of `_bulk` and `_msearch` are summed up by kind: actions and sources, headers and
// searches. The body of a reindex is one value, although its endpoint is that of a bulk.
// structure_tree.h and key_names.h decide which keys are shown and which are folded into `{key}`.
// For endpoints whose bodies are neither queries nor documents, only the words of OpenSearch's
// query language are shown. Strings and numbers are measured or counted, never kept.
//
// Work and memory are bounded for any body: the reader takes kMaxBytes, keeps kMaxDepth levels, and
// as many paths as the tree has room for.
//
// Pure, but for zlib's memory if the body is compressed. Not thread-safe.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "osproxy/inspect/json_scanner.h"
#include "osproxy/inspect/plain_body.h"
#include "osproxy/inspect/structure_tree.h"
#include "osproxy/record/body_structure.h"

namespace osproxy {

class BodyStructureReader {
 public:
  /// Far more than a query, and thousands of documents of a bulk, which stand for the rest of it.
  static constexpr std::size_t kMaxBytes = 1 << 20;

  /// Deeper levels are left out.
  static constexpr std::size_t kMaxDepth = 24;

  /// Uses the views only within this call. May throw std::bad_alloc.
  explicit BodyStructureReader(const BodyHead& head);

  void read(std::string_view payload) noexcept {
    if (reading_) take(payload);
  }

  /// False once it wants no more: the body cannot be read, or a bound is reached.
  bool is_reading() const noexcept { return reading_; }

  /// Ends the body. `whole` is false if the client broke off before its end. Call it once.
  void end_body(bool whole) noexcept;

  /// The text of the body's shape (shape_hash.h), after end_body(); nullopt unless all of the body
  /// was read and has room. Call it before take_structure(). May throw std::bad_alloc.
  std::optional<std::string> shape_text() const;

  /// The structure, after end_body(). Call it once. May throw std::bad_alloc.
  BodyStructure take_structure();

  /// Both: end_body() and take_structure().
  BodyStructure finish(bool whole) {
    end_body(whole);
    return take_structure();
  }

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
    std::uint32_t names = 0;   // keys that look like names; keywords are not counted
    std::uint32_t values = 0;  // keys that look like values
  };

  /// The line that is being read. A body without lines is one line.
  struct Line {
    Kind kind = Kind::Body;
    Kind next = Kind::Body;  // of the line after it
    std::uint64_t bytes = 0;
    bool lacks_action = false;  // an action line whose first key has not come yet
  };

  static std::string_view name_of(Kind kind) noexcept;
  static Lines lines_of(const BodyHead& head) noexcept;
  StructureTree::Content content_of(Kind kind) const noexcept;

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
  void end_open_line() noexcept;
  void count_line() noexcept;
  Open* innermost() noexcept;
  StructureTree::Node root_of(Kind kind) noexcept;
  void stop(NotRead reason) noexcept;
  void truncate(Truncation reason) noexcept;

  const Lines lines_;
  const bool shows_names_;
  const StructureTree::Content content_;  // of a body without lines
  bool reading_ = true;
  Line line_;
  BodyStructure result_;
  PlainBody body_;
  JsonScanner scanner_;
  StructureTree tree_;
  StructureTree::Node pending_ = StructureTree::kNone;  // of the key whose value comes next
  std::array<Open, kMaxDepth> open_{};
  std::array<Part, kKindCount> parts_{};
  std::array<Kind, kKindCount> order_{};  // the kinds seen, in the order of appearance
  std::size_t seen_ = 0;
};

}  // namespace osproxy
