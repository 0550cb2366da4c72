// An entry of the history as JSON: as its value in etcd, and as the admin listener shows it.
//
//   std::string value = encode_entry(entry);                          // to etcd
//   auto read = decode_entry(value, 4812, EntryPart::Whole);          // from etcd
//   std::string body = history_json(list);                            // GET /admin/history
//
// Others may write below the history's prefix, so that the decoders take any bytes: a value that is
// no entry, or one of a newer format, becomes an error that says so.
//
// Thread safety: pure functions.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "osproxy/store/history.h"

namespace osproxy {

/// The format that this version writes. A newer one is not read: its fields may mean other things.
inline constexpr std::int64_t kHistoryFormat = 1;

/// The value of an entry in etcd: one JSON object, the document in it compressed. At most
/// kMaxEntryBytes. It has no revision, which the writer does not know yet.
std::string encode_entry(const HistoryEntry& entry);

enum class EntryPart : std::uint8_t {
  WithoutDocument,  ///< for a list: the document is not unpacked
  Whole,
};

/// The reverse. The error is a clause for a person.
std::expected<HistoryEntry, std::string> decode_entry(std::string_view value, std::int64_t revision,
                                                      EntryPart part);

/// `{"entries":[…],"has_more":false}`, and its reverse; nullopt: no such object.
std::string history_json(const HistoryList& list);
std::optional<HistoryList> parse_history(std::string_view body);

/// `{"revision":4812,…,"document":{…}}`, and its reverse. A document that is not JSON is a text.
std::string entry_json(const HistoryEntry& entry);
std::optional<HistoryEntry> parse_entry(std::string_view body);

}  // namespace osproxy
