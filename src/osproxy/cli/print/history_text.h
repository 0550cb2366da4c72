// Prints the history: a line for each change, one change in full, the difference of two documents.
#pragma once

#include <string>

#include "osproxy/core/clock.h"
#include "osproxy/directive/model.h"
#include "osproxy/store/history.h"

namespace osproxy::cli {

/// A table, newest first: revision, time, author, by, change, reason.
std::string history_text(const HistoryList& list);

/// The facts of one change, a line each.
std::string entry_text(const HistoryEntry& entry);

/// `+ {"id":…}` and `- {"id":…}` for each directive that differs; a sentence if none does.
/// Printable.
std::string document_diff_text(const Document& before, const Document& after);

/// `on a; off b; changed c`, for the outcome of a rollback. Printable.
std::string diff_text(const DocumentDiff& diff);

}  // namespace osproxy::cli
