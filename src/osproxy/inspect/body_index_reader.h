// Reads the indices that a request's body names, while the body streams through the proxy.
//
//   BodyIndexReader reader({.endpoint = Endpoint::IngestBulk});
//   reader.read("{\"index\":{\"_index\":\"logs\"}}\n");  // pieces of any size
//   reader.read("{\"a\":1}\n");
//   const BodyIndices indices = reader.finish(true);      // names: "logs"; whole
//
// It reads `_index` in the actions of a bulk and in the documents of an mget, `index` in the
// headers of a multi-search, and in the source and destination of a reindex. Documents and queries
// between them are skipped by their line feeds.
//
// Of a bulk it counts the actions, too, by kind and by index.
//
// Work and memory are bounded for any body: kMaxBytes after decompression, and kMaxNames names.
//
// Pure, but for zlib's memory if the body is compressed. Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "osproxy/inspect/bulk_tally.h"
#include "osproxy/inspect/json_scanner.h"
#include "osproxy/inspect/plain_body.h"
#include "osproxy/record/body_structure.h"

namespace osproxy {

/// Members: the state of one pass over a body.
class BodyIndexReader {
 public:
  /// Tens of thousands of actions. Lines that are skipped take little time, but count.
  static constexpr std::size_t kMaxBytes = 4 << 20;

  /// Requests name few indices; each takes up to JsonScanner::kTextKept bytes of a record.
  static constexpr std::size_t kMaxNames = BulkTally::kMaxNames;

  /// Uses the views only within this call.
  explicit BodyIndexReader(const BodyHead& head) noexcept;

  void read(std::string_view payload) noexcept {
    if (reading_) take(payload);
  }

  /// Ends the body. `whole` is false if the client broke off before its end.
  BodyIndices finish(bool whole) noexcept;

 private:
  /// The forms of bodies that name indices.
  enum class Form : std::uint8_t { Bulk, MultiSearch, Documents, Reindex };
  /// The member of the top that is open.
  enum class Member : std::uint8_t { Other, Documents, SourceOrDestination };

  static Form form_of(const BodyHead& head) noexcept;
  bool has_lines() const noexcept { return form_ == Form::Bulk || form_ == Form::MultiSearch; }

  void take(std::string_view payload) noexcept;
  bool take_plain(std::string_view plain) noexcept;
  void take_lines(std::string_view plain) noexcept;
  void take_json(std::string_view json) noexcept;
  void end_line() noexcept;
  void take_token(JsonScanner::Token token) noexcept;
  void take_key() noexcept;
  bool is_index_key(std::string_view key, std::size_t depth) const noexcept;
  void add_name() noexcept;
  void count_actions() noexcept;
  void give_up() noexcept;

  const Form form_;
  bool reading_ = true;
  bool skips_line_ = false;       // a document or a query
  bool next_is_skipped_ = false;  // the line after this one
  bool line_is_empty_ = true;
  Member member_ = Member::Other;
  std::size_t index_depth_ = 0;  // of the index key whose value is read; 0: none is
  BodyIndices result_{.names = {}, .is_whole = true, .actions = {}};
  BulkTally tally_;
  PlainBody body_;
  JsonScanner scanner_;
};

/// The expression by which directives with an `index` match a request: `of_path`, and the names of
/// the body. Exclusions of the body are left out: they hold for one search of several.
std::string index_expression_of(std::string_view of_path, const BodyIndices& of_body);

}  // namespace osproxy
