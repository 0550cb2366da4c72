#include "osproxy/cli/complete.h"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <span>
#include <sstream>
#include <string_view>
#include <utility>

#include <CLI/CLI.hpp>
#include <simdjson.h>

#include "osproxy/cli/flags/flags.h"
#include "osproxy/directive/model.h"
#include "osproxy/flight/top.h"

namespace osproxy::cli {
namespace {

namespace dom = simdjson::dom;

// A person waits for the candidates.
constexpr const char* kTimeout = "1s";

// Names of the traffic, and requests: more than anybody reads.
constexpr const char* kMostNames = "100";

using Candidates = std::vector<Candidate>;
using Words = std::vector<std::string>;

const CLI::Option* find_flag(const CLI::App& app, const std::string& word) {
  return app.get_option_no_throw(word.substr(0, word.find('=')));
}

const CLI::App* find_command(const CLI::App& app, const std::string& name) {
  const auto found =
      app.get_subcommands([&](const CLI::App* sub) { return sub->get_name() == name; });
  return found.empty() ? nullptr : found.front();
}

bool takes_value(const CLI::Option& option) { return option.get_items_expected_max() > 0; }

// The place where the next word stands.
struct Place {
  const CLI::App* app;                // the command that the words name so far
  const CLI::Option* flag = nullptr;  // whose value comes next; null: none
  Words arguments{};
};

Place find_place(const CLI::App& root, std::span<const std::string> words) {
  Place place{.app = &root};
  for (const std::string& word : words) {
    if (std::exchange(place.flag, nullptr) != nullptr) continue;
    if (word.starts_with('-')) {
      const CLI::Option* const flag = find_flag(*place.app, word);
      if (flag != nullptr && takes_value(*flag) && !word.contains('=')) place.flag = flag;
    } else if (const CLI::App* const sub = find_command(*place.app, word); sub != nullptr) {
      place.app = sub;
    } else {
      place.arguments.push_back(word);
    }
  }
  return place;
}

// The words that say where the fleet is, as far as `command` knows them, too.
Words connection_words(const CLI::App& app, const CLI::App& command,
                       std::span<const std::string> words) {
  Words kept;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (!words[i].starts_with('-')) continue;
    const CLI::Option* const flag = find_flag(app, words[i]);
    const CLI::Option* const same = find_flag(command, words[i]);
    const bool is_shared =
        flag != nullptr && same != nullptr && same->get_group().starts_with("Connection");
    const bool has_next = flag != nullptr && takes_value(*flag) && !words[i].contains('=');
    if (has_next && i + 1 == words.size()) break;
    if (is_shared) kept.push_back(words[i]);
    if (is_shared && has_next) kept.push_back(words[i + 1]);
    i += has_next ? 1 : 0;
  }
  return kept;
}

// The pieces of `text` between `separators`, without empty ones.
Candidates pieces(std::string_view text, std::string_view separators) {
  Candidates all;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find_first_of(separators), text.size());
    if (end > 0) all.push_back({.text = std::string(text.substr(0, end))});
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return all;
}

std::string text_of(dom::element element, std::string_view key) {
  std::string_view text;
  return element[key].get(text) == simdjson::SUCCESS ? std::string(text) : std::string();
}

// Calls `visit` with each element of the array `key` of a JSON object.
template <class Visit>
void each_of(const std::string& json, std::string_view key, Visit visit) {
  dom::parser parser;
  dom::element root;
  dom::array all;
  if (parser.parse(json).get(root) != simdjson::SUCCESS) return;
  if (root[key].get(all) != simdjson::SUCCESS) return;
  for (const dom::element one : all) visit(one);
}

class Completion {
 public:
  Completion(const CLI::App& root, std::span<const std::string> words, const Lookup& lookup)
      : root_(root),
        before_(words.first(words.size() - 1)),
        typed_(words.back()),
        lookup_(lookup),
        place_(find_place(root, before_)) {}

  Candidates run() const {
    if (place_.flag != nullptr) return matching(values_of(*place_.flag, typed_), typed_);
    if (!typed_.starts_with('-')) return matching(arguments(), typed_);
    const std::size_t equals = typed_.find('=');
    if (equals == std::string::npos) return matching(flags(), typed_);
    const CLI::Option* const flag = find_flag(*place_.app, typed_);
    if (flag == nullptr) return {};
    Candidates values = values_of(*flag, typed_.substr(equals + 1));
    for (Candidate& value : values) {
      if (value.text != kFiles) value.text.insert(0, typed_, 0, equals + 1);
    }
    return matching(std::move(values), typed_);
  }

 private:
  static Candidates matching(Candidates all, const std::string& typed) {
    std::erase_if(all, [&](const Candidate& one) {
      return one.text != kFiles && !one.text.starts_with(typed);
    });
    return all;
  }

  static Candidates subcommands(const CLI::App& app) {
    Candidates all;
    for (const CLI::App* const sub : app.get_subcommands([](const CLI::App*) { return true; })) {
      all.push_back({sub->get_name(), sub->get_description()});
    }
    return all;
  }

  Candidates flags() const {
    Candidates all;
    for (const CLI::Option* const option : place_.app->get_options()) {
      for (const std::string& name : option->get_lnames()) {
        all.push_back({"--" + name, option->get_description()});
      }
    }
    return all;
  }

  Candidates arguments() const {
    if (place_.app->get_name() == "help") {
      return place_.arguments.empty() ? subcommands(root_) : Candidates{};
    }
    Candidates all = subcommands(*place_.app);
    for (const CLI::Option* const option : place_.app->get_options()) {
      if (!option->get_positional()) continue;
      std::ranges::move(values_of(*option, typed_), std::back_inserter(all));
    }
    std::erase_if(all, [this](const Candidate& one) {
      return std::ranges::count(place_.arguments, one.text) > 0;
    });
    return all;
  }

  Candidates values_of(const CLI::Option& option, const std::string& typed) const {
    const std::string type = option.get_type_name();
    if (type.contains('|')) return pieces(type, "|");
    if (option.get_positional()) return values_of_argument(option.get_name(true));
    const std::string name = option.get_lnames().front();
    if (type == "FILE") return {{.text = kFiles}};
    if (name == "level") return pieces(names<Level>(kLevelCount), " ");
    if (name == "endpoint") return pieces(names<Endpoint>(kEndpointCount), " ");
    if (name == "sort") return pieces(top_sort_names(), ", ");
    if (name == "by") return dimensions(typed);
    if (name == "context") return contexts();
    if (name == "admin") return admin_urls();
    const std::string dimension = name == "opaque-id" ? "opaque_id" : name;
    return parse_top_dimension(dimension) ? names_of_traffic(dimension) : Candidates{};
  }

  Candidates values_of_argument(const std::string& name) const {
    const std::string command = place_.app->get_name();
    if (name.starts_with("FILE")) return {{.text = kFiles}};
    if (name == "SHELL") return pieces("bash zsh fish", " ");
    if (command == "use") return contexts();
    if (command == "off" || command == "tail") return directive_ids();
    if (command == "explain" || command == "why") return request_ids();
    return {};
  }

  // The flag takes several, with commas between.
  static Candidates dimensions(const std::string& typed) {
    const std::size_t comma = typed.rfind(',');
    const std::string lead = comma == std::string::npos ? "" : typed.substr(0, comma + 1);
    Candidates all = pieces(top_dimension_names(), ", ");
    for (Candidate& one : all) one.text.insert(0, lead);
    return all;
  }

  // The output of a command of this program, with the connection of the words so far.
  std::string look_up(Words command) const {
    const CLI::App* const app = find_command(root_, command.front());
    if (app == nullptr) return {};
    std::ranges::move(Words{"--output", "json", "--timeout", kTimeout},
                      std::back_inserter(command));
    std::ranges::move(connection_words(*place_.app, *app, before_), std::back_inserter(command));
    return lookup_(std::move(command));
  }

  Candidates contexts() const {
    Candidates all;
    each_of(lookup_({"context", "list", "--output", "json"}), "contexts", [&](dom::element one) {
      all.push_back({text_of(one, "name"), text_of(one, "endpoints")});
    });
    return all;
  }

  Candidates directive_ids() const {
    Candidates all;
    each_of(look_up({"list"}), "directives",
            [&](dom::element one) { all.push_back({text_of(one, "id"), text_of(one, "level")}); });
    return all;
  }

  Candidates request_ids() const {
    Candidates all;
    dom::parser parser;
    std::istringstream lines(look_up({"recent", "--count", kMostNames}));  // a record each
    for (std::string line; std::getline(lines, line);) {
      dom::element record;
      if (parser.parse(line).get(record) != simdjson::SUCCESS) continue;
      all.push_back({text_of(record, "request_id"), text_of(record, "endpoint")});
    }
    return all;
  }

  Candidates names_of_traffic(const std::string& dimension) const {
    Candidates all;
    const auto add = [&](dom::element row) {
      std::string_view name;
      if (row["key"].at(0).get(name) == simdjson::SUCCESS)
        all.push_back({.text = std::string(name)});
    };
    each_of(look_up({"top", "--by", dimension, "--count", kMostNames}), "rows", add);
    return all;
  }

  Candidates admin_urls() const {
    Candidates all;
    const auto add = [&](dom::element member) {
      dom::element ack;
      if (member["ack"].get(ack) != simdjson::SUCCESS) return;
      std::string url = text_of(ack, "admin");
      if (!url.empty()) all.push_back({std::move(url), text_of(member, "instance")});
    };
    each_of(look_up({"fleet"}), "instances", add);
    return all;
  }

  const CLI::App& root_;
  const std::span<const std::string> before_;
  const std::string typed_;
  const Lookup& lookup_;
  const Place place_;
};

}  // namespace

std::vector<Candidate> complete(const CLI::App& root, const std::vector<std::string>& words,
                                const Lookup& lookup) {
  if (words.empty()) return {};
  return Completion(root, words, lookup).run();
}

}  // namespace osproxy::cli
