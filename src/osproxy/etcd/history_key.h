// The history of a document in etcd: its keys, and the state that all its writers share.
//
//   history_prefix("osproxy/directives");               // "osproxy/history/directives/"
//   new_entry_key("osproxy/history/directives/");       // "…/6b1f…", 32 hex digits
//   by_hand_key("osproxy/history/directives/", 4812);   // "…/00000000000000004812"
//   history_state_key("osproxy/history/directives/");   // "…/state"
//
// A publisher creates its entry in the transaction that writes the document, so that the entry's
// create_revision is the revision of the change. The entry of a change by hand comes later: its key
// has the revision, and all instances that see the change use the same key.
//
// Thread safety: pure functions and regular values, but for new_entry_key(), which reads random
// bytes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "osproxy/etcd/protocol.h"
#include "osproxy/store/history.h"

namespace osproxy::etcd {

/// `<the document's key up to its last slash>history/<its last part>/`: two documents below one
/// prefix have two histories.
std::string history_prefix(std::string_view document_key);

/// A key that no other publish has.
std::string new_entry_key(std::string_view prefix);

/// The key of the change at `revision`, which no publisher has entered.
std::string by_hand_key(std::string_view prefix, Revision revision);

std::string history_state_key(std::string_view prefix);

/// The revision of the change that an entry is about; nullopt: the key is no entry's.
std::optional<Revision> entry_revision(std::string_view prefix, const KeyValue& entry);

/// The value of the state key.
struct HistoryState {
  /// The newest revision whose entry was removed. No change up to it is entered again.
  Revision trimmed = 0;
  /// All changes up to it have been entered, or never will be: the history began there.
  Revision complete = 0;
  HistoryBounds bounds{};  ///< of the instances; publishers without bounds take them from here

  friend bool operator==(const HistoryState&, const HistoryState&) = default;
};

std::string encode_state(const HistoryState& state);

/// nullopt: it is damaged, or of another format.
std::optional<HistoryState> decode_state(std::string_view value);

/// nullopt also for a state from the future: it is another cluster's, or a forgery. `now` is the
/// cluster's revision.
std::optional<HistoryState> usable_state(std::string_view value, Revision now);

}  // namespace osproxy::etcd
