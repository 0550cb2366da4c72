// The twin of the shape hash: it holds the whole body, and folds by the rules of structure_tree.h
// one after the other, in memory without a bound. Random bodies to compare the two with, and
// variants of each that have the same shape.
#pragma once

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "osproxy/inspect/key_names.h"
#include "osproxy/inspect/structure_tree.h"

namespace osproxy::test {

struct Json {
  JsonType type = JsonType::Null;
  std::vector<std::pair<std::string, Json>> members{};
  std::vector<Json> elements{};
};

using Random = std::mt19937;

inline std::size_t below(Random& random, std::size_t bound) { return random() % bound; }

/// The same shape each time, and another text: other literals, order and lengths of arrays.
inline std::string text_of(const Json& json, Random& random) {
  std::string text;
  switch (json.type) {
    case JsonType::Object: {
      auto members = json.members;
      std::ranges::shuffle(members, random);
      for (const auto& [key, value] : members) {
        text += (text.empty() ? "\"" : ",\"") + key + "\":" + text_of(value, random);
      }
      return "{" + text + "}";
    }
    case JsonType::Array: {
      auto elements = json.elements;
      for (const Json& one : json.elements) {
        for (auto more = below(random, 3); more > 0; --more) elements.push_back(one);
      }
      std::ranges::shuffle(elements, random);
      for (const Json& one : elements) text += (text.empty() ? "" : ",") + text_of(one, random);
      return "[" + text + "]";
    }
    case JsonType::String:
      return '"' + std::string(below(random, 9), static_cast<char>('a' + below(random, 26))) + '"';
    case JsonType::Number:
      return std::to_string(static_cast<double>(below(random, 1'000)) / 8);
    case JsonType::Boolean:
      return below(random, 2) == 0 ? "true" : "false";
    case JsonType::Null:
      return "null";
  }
  return text;
}

inline Json random_json(Random& random, std::size_t depth) {
  static constexpr std::string_view kKeys[] = {
      "alpha", "beta",  "gamma", "delta",   "user",  "title",      "price",   "document",
      "query", "bool",  "term",  "match",   "sort",  "aggs",       "filters", "params",
      "doc",   "range", "4711",  "4712-05", "x1y2z", "2024-05-01", "größe",   "must"};
  Json json;
  const std::size_t kind = below(random, 10);
  if (depth == 0 || kind > 7) {
    json.type = static_cast<JsonType>(2 + below(random, 4));
  } else if (kind < 3 && depth < 5) {
    json.type = JsonType::Array;
    for (auto i = below(random, 4); i > 0; --i) {
      json.elements.push_back(random_json(random, depth - 1));
    }
  } else {
    json.type = JsonType::Object;
    std::set<std::string_view> used;
    for (auto i = below(random, depth > 3 ? 5 : 7); i > 0; --i) {
      const std::string_view key = kKeys[below(random, std::size(kKeys))];
      if (used.insert(key).second) json.members.emplace_back(key, random_json(random, depth - 1));
    }
  }
  return json;
}

class ShapeTwin {
 public:
  /// The text of the shape of a body without lines.
  static std::string text(const Json& body, bool is_document) {
    Place top;
    top.is_document = is_document;
    std::vector<std::string> owners;
    add(body, top, owners);
    fold_maps(top, owners);
    std::set<std::string> lines;
    write(top, "", lines);
    std::string text = "shape 1\n";
    for (const std::string& line : lines) text += line + '\n';
    return text;
  }

 private:
  struct Place {
    std::string key{};  // empty: the top, an element, or `{key}`
    bool is_element = false;
    bool is_document = false;
    bool is_vouched = false;
    bool folds = false;  // all names, later ones too
    std::set<JsonType> types{};
    std::set<std::string> values{};  // its keys that look like values
    std::map<std::string, Place> keywords{};
    std::map<std::string, Place> names{};
    std::vector<Place> any{};       // at most one
    std::vector<Place> elements{};  // at most one
  };
  using Owners = std::vector<std::string>;  // the keys of the places above, the nearest last

  static bool is_one_of(std::string_view key, std::initializer_list<std::string_view> list) {
    return std::ranges::find(list, key) != list.end();
  }

  static bool is_chosen(const Place& place, const Owners& owners) {
    return place.key == "filters" || std::ranges::find(owners, "params") != owners.end();
  }

  static std::string_view owner_of(const Place& place, const Owners& owners) {
    return place.is_element && !owners.empty() ? std::string_view(owners.back()) : place.key;
  }

  static Place& only(std::vector<Place>& place, const Place& parent) {
    if (place.empty()) {
      place.emplace_back();
      place.back().is_document = parent.is_document;
    }
    return place.back();
  }

  static void add(const Json& json, Place& place, Owners& owners) {
    place.types.insert(json.type);
    for (const Json& element : json.elements) {
      Place& below = only(place.elements, place);
      below.is_element = true;
      owners.push_back(place.key);
      add(element, below, owners);
      owners.pop_back();
    }
    std::size_t names = 0;
    std::size_t values = 0;
    std::vector<std::string> named;
    for (const auto& [key, value] : json.members) {
      Place& below = child(place, key, owners, names, values, named);
      owners.push_back(place.key);
      add(value, below, owners);
      owners.pop_back();
    }
    const bool vouches = values <= 1 || names > values;
    for (const std::string& name : named) {
      place.names[name].is_vouched = place.names[name].is_vouched || vouches;
    }
  }

  static Place& child(Place& place, const std::string& key, const Owners& owners,
                      std::size_t& names, std::size_t& values, std::vector<std::string>& named) {
    const bool begins_document = is_one_of(key, {"doc", "document", "documents", "upsert"});
    const auto enter = [&](std::map<std::string, Place>& in) -> Place& {
      const auto [at, is_new] = in.try_emplace(key);
      at->second.key = key;
      if (is_new) at->second.is_document = place.is_document || begins_document;
      return at->second;
    };
    const bool is_keyword = is_dsl_keyword(key);
    if (is_keyword && !place.is_document) return enter(place.keywords);
    if (!is_keyword && !looks_like_name(key)) {
      ++values;
      place.values.insert(key);
      return only(place.any, place);
    }
    ++names;
    if (is_chosen(place, owners)) return only(place.any, place);
    named.push_back(key);
    return enter(place.names);
  }

  static void merge(Place& into, Place from) {
    into.types.merge(from.types);
    into.values.merge(from.values);
    into.is_vouched = into.is_vouched || from.is_vouched;
    into.is_document = into.is_document || from.is_document;
    for (Place& one : from.any) merge_as(into.any, std::move(one), "");
    for (Place& one : from.elements) merge_as(into.elements, std::move(one), "");
    for (auto& [key, one] : from.keywords) merge_as(into.keywords, std::move(one), key);
    for (auto& [key, one] : from.names) {
      if (into.folds) {
        merge_as(into.any, std::move(one), "");
      } else {
        merge_as(into.names, std::move(one), key);
      }
    }
    if (from.folds) fold(into, [](const Place&) { return true; }, true);
  }

  static void merge_as(std::vector<Place>& to, Place from, const std::string& key) {
    from.key = key;
    if (to.empty()) {
      to.push_back(std::move(from));
    } else {
      merge(to.back(), std::move(from));
    }
  }

  static void merge_as(std::map<std::string, Place>& to, Place from, const std::string& key) {
    const auto at = to.find(key);
    if (at == to.end()) {
      to.emplace(key, std::move(from));
    } else {
      merge(at->second, std::move(from));
    }
  }

  template <class Predicate>
  static void fold(Place& place, Predicate&& is_folded, bool all) {
    place.folds = place.folds || all;
    for (auto at = place.names.begin(); at != place.names.end();) {
      if (!is_folded(at->second)) {
        ++at;
        continue;
      }
      Place name = std::move(at->second);
      at = place.names.erase(at);
      merge_as(place.any, std::move(name), "");
    }
  }

  static std::set<std::string> keys_of(const Place& place) {
    std::set<std::string> keys;
    for (const auto& [key, one] : place.keywords) keys.insert("k" + key);
    for (const auto& [key, one] : place.names) keys.insert("n" + key);
    if (!place.any.empty()) keys.insert("a");
    if (!place.elements.empty()) keys.insert("e");
    return keys;
  }

  static bool is_uniform(const Place& place) {
    for (const auto& [key, one] : place.names) {
      const auto keys = keys_of(one);
      const auto alike =
          static_cast<std::size_t>(std::ranges::count_if(place.names, [&](const auto& name) {
            return !keys.empty() && keys_of(name.second) == keys;
          }));
      if (alike >= 4 && 2 * alike > place.names.size()) return true;
    }
    return false;
  }

  static bool has_like_values(const Place& place) {
    if (place.names.size() <= StructureTree::kMaxLikeNames) return false;
    for (int i = 0; i < static_cast<int>(kJsonTypeCount); ++i) {
      const auto type = static_cast<JsonType>(i);
      const auto alike =
          static_cast<std::size_t>(std::ranges::count_if(place.names, [&](const auto& name) {
            const auto& types = name.second.types;
            return types == std::set{JsonType::Null} ||
                   (type != JsonType::Null && types.contains(type));
          }));
      if (5 * alike >= 4 * place.names.size()) return true;
    }
    return false;
  }

  static void fold_maps(Place& place, Owners& owners) {
    owners.push_back(place.key);
    for (auto& [key, one] : place.keywords) fold_maps(one, owners);
    for (auto& [key, one] : place.names) fold_maps(one, owners);
    for (Place& one : place.any) fold_maps(one, owners);
    for (Place& one : place.elements) fold_maps(one, owners);
    owners.pop_back();
    const std::string_view owner = owner_of(place, owners);
    const bool is_chosen_place = is_chosen(place, owners);
    const bool knows = !place.is_document && !is_chosen_place;
    if (knows && is_one_of(owner, {"term", "match", "sort", "range"})) return;
    if (place.names.empty()) return;
    const bool is_named = knows && is_one_of(owner, {"aggs"});
    const bool had_any = !place.any.empty();
    if (place.values.size() > 1 || has_like_values(place) ||
        (!is_chosen_place && !is_named && is_uniform(place))) {
      fold(place, [](const Place&) { return true; }, true);
    } else {
      if (!place.values.empty())
        fold(place, [](const Place& one) { return !one.is_vouched; }, false);
      if (!had_any) return;
    }
    owners.push_back(place.key);
    fold_maps(place.any.back(), owners);
    owners.pop_back();
  }

  static void write(const Place& place, const std::string& path, std::set<std::string>& lines) {
    for (const JsonType type : place.types) {
      lines.insert("body " + std::string(to_string(type)) + ' ' + (path.empty() ? "$" : path));
    }
    const std::string prefix = path.empty() ? "" : path + '.';
    for (const auto& [key, one] : place.keywords) write(one, prefix + key, lines);
    for (const auto& [key, one] : place.names) write(one, prefix + key, lines);
    for (const Place& one : place.any) write(one, prefix + "{key}", lines);
    for (const Place& one : place.elements) write(one, path + "[]", lines);
  }
};

}  // namespace osproxy::test
