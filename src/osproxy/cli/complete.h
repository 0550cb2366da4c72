// Candidates for the word that a person is typing, for the shells' completion.
//
//   const Lookup lookup = [&](std::vector<std::string> command) { return output_of(command); };
//   complete(root, {"off", "acme"}, lookup);   // {{"acme-search-7f3", "Shape"}}
//
// Commands and flags come from the command line's definition, so that none can be forgotten. Ids,
// tenants and the like are read from the fleet by osproxyctl's own commands, with the connection's
// flags of the words so far. If the fleet gives no response, there are no candidates.
#pragma once

#include <functional>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace osproxy::cli {

struct Candidate {
  std::string text;
  std::string description{};  ///< one line; may be empty

  friend bool operator==(const Candidate&, const Candidate&) = default;
};

/// Runs a command and returns its standard output; empty if it fails.
using Lookup = std::function<std::string(std::vector<std::string> command)>;

/// A candidate that stands for all names of files.
inline constexpr char kFiles[] = ":files";

/// `words` follow the program's name; the last one is being typed, and may be empty. The candidates
/// begin with it.
std::vector<Candidate> complete(const CLI::App& root, const std::vector<std::string>& words,
                                const Lookup& lookup);

}  // namespace osproxy::cli
