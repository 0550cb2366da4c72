// The flags that say who changes the document and why, for the history.
#pragma once

#include <optional>
#include <string>

#include "osproxy/store/change_note.h"

namespace CLI {
class App;
}

namespace osproxy::cli {

struct NoteFlags {
  std::optional<std::string> author;
  std::optional<std::string> reason;
};

/// Adds `--author` and `--reason`. `flags` must outlive `app`.
void add_note(CLI::App& app, NoteFlags& flags);

/// The note of a change by the command `by`. `user` is $USER, the author without the flag.
ChangeNote make_note(const NoteFlags& flags, std::string by, std::optional<std::string> user);

}  // namespace osproxy::cli
