// The history of the document: an entry for each change, and the interface that reads them.
//
//   auto recent = reader.list({.limit = 10});
//   auto entry = reader.find(4811);
//   if (!entry) print(entry.error().message);
//
// docs/history.md is the operator's page.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "osproxy/core/clock.h"
#include "osproxy/directive/decode.h"
#include "osproxy/store/change_note.h"
#include "osproxy/store/document_diff.h"

namespace osproxy {

/// One change of the document. A regular value.
/// Members: the facts of a change that an operator asks for.
struct HistoryEntry {
  std::int64_t revision = 0;  ///< of the change; the order of the changes
  WallTime time{};            ///< by the clock of the writer
  ChangeNote note{};
  std::int64_t previous = 0;              ///< the document's revision before; 0: there was none
  bool deleted = false;                   ///< the key was deleted
  std::string rejected{};                 ///< why no instance takes the document; empty: they do
  std::optional<DocumentDiff> diff{};     ///< nullopt: this or the earlier document is not readable
  std::int64_t directives = 0;            ///< how many the document has
  std::optional<std::string> document{};  ///< its bytes; nullopt: not kept, or not asked for
  bool is_kept = true;                    ///< false: the document was too large for the history
  bool is_after_gap = false;  ///< earlier changes were compacted away before they were entered
  bool is_late = false;       ///< nobody watched: the change was made some time before `time`
  std::string fault{};        ///< the entry cannot be read, for this reason; empty: it can

  friend bool operator==(const HistoryEntry&, const HistoryEntry&) = default;
};

/// A document that takes more, compressed, is not kept in its entry: etcd takes 1.5 MiB in a
/// transaction, of which the document itself may take 1 MiB.
inline constexpr std::size_t kMaxKeptDocument = 128 * 1024;

/// Of an entry's value in etcd: the document in base64, and all ids and texts at their longest.
inline constexpr std::size_t kMaxEntryBytes = 256 * 1024;

/// The author of a change that no tool of osproxy has made.
inline constexpr char kByHand[] = "by hand";

/// How many entries are kept, and how long. Whoever adds an entry removes the oldest.
struct HistoryBounds {
  std::int64_t entries = 1'000;
  std::chrono::seconds age = std::chrono::days{90};

  friend bool operator==(const HistoryBounds&, const HistoryBounds&) = default;
};

/// The entry of a change from `before` to `after`, both as published bytes. `before` is nullopt if
/// it is not known, `after` if the key was deleted.
struct DocumentChange {
  std::int64_t previous = 0;
  std::optional<std::string_view> before{};
  std::optional<std::string_view> after{};
};
HistoryEntry make_entry(const DocumentChange& change, ChangeNote note, WallTime time,
                        const DecodeLimits& limits);

struct HistoryQuery {
  std::size_t limit = 20;
  std::string directive{};  ///< only changes of this directive; empty: all

  static constexpr std::size_t kMaxLimit = 1'000;
};

struct HistoryList {
  std::vector<HistoryEntry> entries{};  ///< newest first, without documents
  bool has_more = false;                ///< older ones that match

  friend bool operator==(const HistoryList&, const HistoryList&) = default;
};

struct HistoryError {
  enum class Kind : std::uint8_t {
    NotKept,      ///< the store keeps no history
    NotFound,     ///< the history has no such revision, or no longer
    Unreadable,   ///< the entry is damaged, or of a newer format
    Unavailable,  ///< the backend failed or sent no response in time
  };

  Kind kind;
  std::string message;  ///< for a person
};

/// Thread safety: every member may be called from any thread. Both block for at most the
/// implementation's deadline.
class HistoryReader {
 public:
  virtual ~HistoryReader() = default;
  HistoryReader(const HistoryReader&) = delete;
  HistoryReader& operator=(const HistoryReader&) = delete;

  virtual std::expected<HistoryList, HistoryError> list(const HistoryQuery& query) = 0;

  /// The entry with its document.
  virtual std::expected<HistoryEntry, HistoryError> find(std::int64_t revision) = 0;

 protected:
  HistoryReader() = default;
};

/// `ana, osproxyctl off, 2030-01-01T00:00:00Z, off acme-1 (INC-7)`: who, by which tool, when, what
/// and why. One line.
std::string describe_change(const HistoryEntry& entry);

/// `on a, b; off c; changed d`, with at most three ids each; "nothing" or "unknown" if so.
std::string describe_diff(const HistoryEntry& entry);

/// The errors that all readers share.
HistoryError history_not_kept(std::string_view store_kind);
HistoryError unreadable_entry(const HistoryEntry& entry);

}  // namespace osproxy
