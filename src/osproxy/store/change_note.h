// The note of a change of the document, for the history (store/history.h): who makes it, by which
// tool, and why.
//
//   publisher.publish(bytes, revision, {.author = "ana", .by = "osproxyctl on", .reason = "why"});
#pragma once

#include <cstddef>
#include <string>

namespace osproxy {

/// A regular value. An empty text is not known.
struct ChangeNote {
  std::string author{};
  std::string by{};  ///< the tool and its command: "osproxyctl on", "admin API", "by hand"
  std::string reason{};

  friend bool operator==(const ChangeNote&, const ChangeNote&) = default;
};

/// Of each text; as long as the free text of a directive.
inline constexpr std::size_t kMaxNoteBytes = 256;

/// The note with each text cut to kMaxNoteBytes, and without hidden characters (visible_text.h).
ChangeNote clean_note(ChangeNote note);

}  // namespace osproxy
