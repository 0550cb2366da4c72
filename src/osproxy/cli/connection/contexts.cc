#include "osproxy/cli/connection/contexts.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <sstream>
#include <system_error>
#include <utility>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "osproxy/cli/print/text.h"
#include "osproxy/core/nearest_name.h"
#include "osproxy/core/read_file.h"
#include "osproxy/core/replace_file.h"
#include "osproxy/core/secret_file.h"

namespace osproxy::cli {
namespace {

constexpr std::size_t kMaxConfigBytes = 1 << 20;
constexpr std::size_t kMaxNameBytes = 256;
constexpr char kCurrentFile[] = "context";  // beside the configuration

// The values of a context. Those of kFiles are paths.
constexpr std::array kFiles{"etcd-ca-file", "etcd-cert-file", "etcd-key-file", "etcd-password-file",
                            "token-file",   "ca-file",        "cert-file",     "key-file"};
constexpr std::array kOthers{"endpoints", "key", "etcd-user", "admin", "fleet", "fleet-hosts"};

std::vector<std::string> known_names() {
  std::vector<std::string> names(kFiles.begin(), kFiles.end());
  names.insert(names.end(), kOthers.begin(), kOthers.end());
  return names;
}

bool is_path(std::string_view name) { return std::ranges::find(kFiles, name) != kFiles.end(); }

bool is_list(std::string_view name) {
  return name == "endpoints" || name == "admin" || name == "fleet-hosts";
}

Failure bad_file(const std::string& path, std::string_view clause) {
  return {ExitCode::Usage, fmt::format("{}: {}", printable(path), clause)};
}

std::string find_config(const Environment& environment) {
  const auto of = [&](const char* name) { return environment.variable(name).value_or(""); };
  if (const std::string base = of("XDG_CONFIG_HOME"); !base.empty()) {
    return base + "/osproxyctl/config.toml";
  }
  const std::string home = of("HOME");
  return home.empty() ? "" : home + "/.config/osproxyctl/config.toml";
}

// nullopt: there is no such file.
std::expected<std::optional<std::string>, Failure> read_trusted(const std::string& path,
                                                                std::size_t max_bytes) {
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored)) return std::nullopt;
  if (fault_of_trusted(path)) {
    return std::unexpected(bad_file(path, "others can write or replace it; chmod 600 it"));
  }
  auto text = read_file(path, max_bytes);
  if (!text) return std::unexpected(bad_file(path, text.error()));
  return *std::move(text);
}

std::expected<std::vector<CLI::ConfigItem>, Failure> parse(const std::string& path,
                                                           const std::string& text) {
  try {
    std::istringstream stream(text);
    return CLI::ConfigTOML().from_config(stream);
  } catch (const CLI::Error& error) {
    return std::unexpected(bad_file(path, error.what()));
  }
}

// CLI11 marks the begin and the end of a table by items of these names.
bool is_mark(const CLI::ConfigItem& item) { return item.name == "++" || item.name == "--"; }

std::expected<void, Failure> add_item(const Environment& environment, const CLI::ConfigItem& item,
                                      Contexts& contexts) {
  const std::string context = fmt::format("{}", fmt::join(item.parents, "."));
  if (context.empty()) {
    return std::unexpected(bad_file(
        contexts.path,
        fmt::format("{} stands in no table; begin one with [NAME] (any but default)", item.name)));
  }
  std::string name = item.name;
  std::ranges::replace(name, '_', '-');
  const auto known = known_names();
  if (std::ranges::find(known, name) == known.end()) {
    return std::unexpected(bad_file(
        contexts.path, fmt::format("[{}] has no {}{}", context, name, did_you_mean(name, known))));
  }
  if (item.inputs.size() > 1 && !is_list(name)) {
    return std::unexpected(
        bad_file(contexts.path, fmt::format("[{}] takes one {}", context, name)));
  }
  std::string value = fmt::format("{}", fmt::join(item.inputs, ","));
  if (is_path(name) && value.starts_with("~/")) {
    value.replace(0, 1, environment.variable("HOME").value_or(""));
  }
  auto place = std::ranges::find(contexts.contexts, context, &Context::name);
  if (place == contexts.contexts.end()) {
    place = contexts.contexts.insert(place, {.name = context, .values = {}});
  }
  if (!place->values.emplace(name, std::move(value)).second) {
    return std::unexpected(
        bad_file(contexts.path, fmt::format("[{}] has {} twice", context, name)));
  }
  return {};
}

}  // namespace

const Context* Contexts::find(std::string_view name) const {
  const auto place = std::ranges::find(contexts, name, &Context::name);
  return place == contexts.end() ? nullptr : &*place;
}

std::vector<std::string> Contexts::names() const {
  std::vector<std::string> names;
  names.reserve(contexts.size());
  for (const Context& context : contexts) names.push_back(context.name);
  return names;
}

std::expected<Contexts, Failure> read_contexts(const Environment& environment) {
  Contexts contexts{.path = find_config(environment)};
  if (contexts.path.empty()) return contexts;
  const auto text = read_trusted(contexts.path, kMaxConfigBytes);
  if (!text) return std::unexpected(text.error());
  if (!*text) return contexts;
  const auto items = parse(contexts.path, **text);
  if (!items) return std::unexpected(items.error());
  for (const CLI::ConfigItem& item : *items) {
    if (is_mark(item)) continue;
    if (auto added = add_item(environment, item, contexts); !added) {
      return std::unexpected(added.error());
    }
  }
  std::ranges::sort(contexts.contexts, {}, &Context::name);

  const auto folder = std::filesystem::path(contexts.path).parent_path();
  const auto current = read_trusted((folder / kCurrentFile).string(), kMaxNameBytes);
  if (!current) return std::unexpected(current.error());
  contexts.current = current->value_or("");
  while (contexts.current.ends_with('\n')) contexts.current.pop_back();
  return contexts;
}

std::expected<void, Failure> use_context(const Contexts& contexts, const std::string& name) {
  const auto path = std::filesystem::path(contexts.path).parent_path() / kCurrentFile;
  const auto written = replace_file(path, name + "\n");
  if (written) return {};
  return std::unexpected(Failure{ExitCode::Failed, printable(written.error())});
}

}  // namespace osproxy::cli
