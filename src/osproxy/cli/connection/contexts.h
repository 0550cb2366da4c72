// Named fleets, so that a person does not repeat the flags of a connection: the contexts of
// `osproxyctl`, as kubectl has them.
//
//   const auto contexts = read_contexts(environment);
//   if (!contexts) return std::unexpected(contexts.error());
//   if (const Context* prod = contexts->find("prod")) show(prod->values.at("endpoints"));
//
// They stand in $XDG_CONFIG_HOME/osproxyctl/config.toml (else ~/.config/osproxyctl/config.toml),
// one table each, with the names of flags. `osproxyctl context use` writes the name of the current
// one to the file `context` beside it, so that no program edits what a person has written. A file
// that others can write is refused: who can write it decides where the token goes.
//
// Values and free functions; they block for as long as the file system does.
#pragma once

#include <expected>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "osproxy/cli/run/environment.h"
#include "osproxy/cli/run/exit_code.h"

namespace osproxy::cli {

struct Context {
  std::string name;
  /// By the flag without its dashes: `endpoints`, `token-file`. A list is joined by commas, and
  /// `~/` stands for the home folder no more.
  std::map<std::string, std::string> values;
};

struct Contexts {
  std::string path{};               ///< of config.toml; empty: there is no home folder
  std::vector<Context> contexts{};  ///< sorted by name
  std::string current{};            ///< the name that `context use` has written; empty: none

  const Context* find(std::string_view name) const;
  std::vector<std::string> names() const;
};

/// No file: no contexts.
std::expected<Contexts, Failure> read_contexts(const Environment& environment);

/// Makes `name`, which must be one of `contexts`, the current one.
std::expected<void, Failure> use_context(const Contexts& contexts, const std::string& name);

}  // namespace osproxy::cli
