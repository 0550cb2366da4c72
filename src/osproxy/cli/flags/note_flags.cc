#include "osproxy/cli/flags/note_flags.h"

#include <utility>

#include "osproxy/cli/flags/flags.h"

namespace osproxy::cli {

void add_note(CLI::App& app, NoteFlags& flags) {
  add_value(app, "--reason", "TEXT", "Reason, for the history",
            text_reader(flags.reason, kMaxNoteBytes));
  add_value(app, "--author", "NAME", "Author, for the history (default: $USER)",
            text_reader(flags.author, kMaxNoteBytes));
}

ChangeNote make_note(const NoteFlags& flags, std::string by, std::optional<std::string> user) {
  return clean_note({.author = flags.author ? *flags.author : std::move(user).value_or(""),
                     .by = "osproxyctl " + std::move(by),
                     .reason = flags.reason.value_or("")});
}

}  // namespace osproxy::cli
