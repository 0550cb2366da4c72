// osproxyctl completion: the scripts by which shells ask `osproxyctl __complete` (cli/complete.h).
#include <memory>
#include <string>
#include <string_view>

#include <CLI/CLI.hpp>
#include <fmt/ostream.h>

#include "osproxy/cli/commands/commands.h"
#include "osproxy/cli/flags/flags.h"

namespace osproxy::cli {
namespace {

constexpr char kExamples[] = R"(Examples:
  source <(osproxyctl completion bash)
  osproxyctl completion bash > /etc/bash_completion.d/osproxyctl
  osproxyctl completion zsh > /usr/local/share/zsh/site-functions/_osproxyctl
  osproxyctl completion fish > ~/.config/fish/completions/osproxyctl.fish

Commands and flags are completed, and so are ids, tenants and other names, which are read from the
fleet.

Exit codes: 0 printed.)";

// Bash takes `:` and `=` for the ends of words, but candidates are whole words: the part before the
// last of these is cut off from each.
constexpr char kBash[] =
    R"(# Completion of osproxyctl for bash: source <(osproxyctl completion bash)
_osproxyctl() {
  local line=${COMP_LINE:0:COMP_POINT} words candidates
  read -r -a words <<<"$line"
  [[ $line == *[[:space:]] ]] && words+=('')
  mapfile -t candidates < <("${words[0]}" __complete "${words[@]:1}" 2>/dev/null | cut -f 1)
  local typed=${words[-1]} current=${COMP_WORDS[COMP_CWORD]}
  if [[ ${candidates[0]-} == :files ]]; then
    compopt -o filenames 2>/dev/null
    mapfile -t COMPREPLY < <(compgen -f -- "$current")
    return
  fi
  [[ $current == [:=] ]] && current=
  local before=${typed%"$current"}
  COMPREPLY=("${candidates[@]#"$before"}")
  [[ ${#COMPREPLY[@]} == 1 && ${COMPREPLY[0]} == *, ]] && compopt -o nospace 2>/dev/null
  return 0
}
complete -F _osproxyctl osproxyctl
)";

constexpr char kZsh[] = R"(#compdef osproxyctl
# Completion of osproxyctl for zsh: source <(osproxyctl completion zsh), after compinit
_osproxyctl() {
  local -a candidates
  local line
  for line in "${(@f)$("${words[1]}" __complete "${(@)words[2,$CURRENT]}" 2>/dev/null)}"; do
    [[ -n $line ]] || continue
    if [[ $line == :files ]]; then
      _files
      return
    fi
    candidates+=("${${line%%$'\t'*}//:/\\:}:${line#*$'\t'}")
  done
  _describe osproxyctl candidates
}
if [[ $funcstack[1] == _osproxyctl ]]; then
  _osproxyctl "$@"
else
  compdef _osproxyctl osproxyctl
fi
)";

constexpr char kFish[] = R"(# Completion of osproxyctl for fish: osproxyctl completion fish | source
function __osproxyctl_complete
    set -l words (commandline -opc)
    set -l typed (commandline -ct)
    set -l candidates ($words[1] __complete $words[2..-1] "$typed" 2>/dev/null)
    if test "$candidates[1]" = :files
        __fish_complete_path "$typed"
    else
        printf '%s\n' $candidates
    end
end
complete -c osproxyctl -f -a '(__osproxyctl_complete)'
)";

}  // namespace

Action add_completion(CLI::App& app) {
  const auto script = std::make_shared<std::string_view>();
  app.add_option_function<std::string>(
         "SHELL",
         [script](const std::string& shell) {
           if (shell == "bash") {
             *script = kBash;
           } else if (shell == "zsh") {
             *script = kZsh;
           } else if (shell == "fish") {
             *script = kFish;
           } else {
             throw CLI::ValidationError("SHELL", "must be bash, zsh or fish");
           }
         },
         "bash, zsh or fish")
      ->required();
  app.footer(kExamples);
  return [script](Environment& environment) -> std::expected<void, Failure> {
    fmt::print(environment.out, "{}", *script);
    return {};
  };
}

}  // namespace osproxy::cli
