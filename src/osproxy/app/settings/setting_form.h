// The forms that a setting's value can have: a duration, a number in a range, one of some words, …
// A form reads the text of a value into a field of Settings, and shows the field as such a text.
//
//   const SettingForm form = duration_form(OSPROXY_FIELD(drain.timeout));
//   Settings settings;
//   form.show(settings);                                         // "30s"
//   const std::vector<std::string> values{"1m"};
//   if (auto stored = form.store(settings, values); !stored) fail(stored.error());
//
// An error says in a clause what is right, without the setting's name; then nothing is stored.
//
// Immutable; any thread may use a form.
#pragma once

#include <cstddef>
#include <expected>
#include <functional>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "osproxy/app/settings/setting_values.h"
#include "osproxy/app/settings/settings.h"
#include "osproxy/core/duration.h"

namespace osproxy::app {

using Values = std::span<const std::string>;

struct SettingForm {
  const char* takes;     ///< as the help shows it: `HOST:PORT`
  bool is_list = false;  ///< may be given several times, or with commas
  /// Checks `values` (exactly one unless is_list) and stores them.
  std::function<Stored(Settings& settings, Values values)> store{};
  /// The field as store() takes it; empty: nothing is set.
  std::function<std::string(const Settings& settings)> show{};
};

/// Accesses a field, of a const Settings as of another: OSPROXY_FIELD(admin.listen).
#define OSPROXY_FIELD(path) ([](auto& settings) -> auto& { return settings.path; })

/// A value that `parse` reads into the field and `print` shows.
template <class Field, class Parse, class Print>
SettingForm value_form(const char* takes, Field field, Parse parse, Print print) {
  return {.takes = takes,
          .store = [=](Settings& s, Values v) -> Stored { return parse(field(s), v[0]); },
          .show = [=](const Settings& s) -> std::string { return print(field(s)); }};
}

/// A whole number in [least, most]. `takes` is its unit: N or BYTES.
template <class Field>
SettingForm count_form(Field field, std::size_t least, std::size_t most, const char* takes = "N") {
  const auto parse = [=](auto& out, const std::string& text) -> Stored {
    std::size_t count = 0;
    auto stored = store_count(count, text, least, most);
    if (stored) out = static_cast<std::remove_reference_t<decltype(out)>>(count);
    return stored;
  };
  return value_form(takes, field, parse, [](auto value) { return fmt::to_string(value); });
}

/// Of a head or a part of it, in bytes: 1 KiB to 1 MiB.
template <class Field>
SettingForm head_size_form(Field field) {
  constexpr std::size_t kLeast = 1024;  // less would refuse what every client sends
  constexpr std::size_t kMost = std::size_t{1} << 20;
  return count_form(field, kLeast, kMost, "BYTES");
}

/// A rate or a burst of records, at most a million.
template <class Field>
SettingForm rate_form(Field field, std::size_t least) {
  constexpr std::size_t kMost = 1'000'000;  // more requests than a machine's cores can serve
  return count_form(field, least, kMost);
}

/// Greater than zero.
template <class Field>
SettingForm duration_form(Field field) {
  return value_form("DURATION", field, store_duration, format_duration);
}

/// Zero or more.
template <class Field>
SettingForm duration_or_none_form(Field field) {
  return value_form("DURATION", field, store_duration_or_none, format_duration);
}

template <class Field>
SettingForm address_form(Field field) {
  return value_form("HOST:PORT", field, store_address,
                    [](const HostPort& address) { return address.to_string(); });
}

/// `on` or `off`.
template <class Field>
SettingForm switch_form(Field field) {
  return value_form("SWITCH", field, store_switch,
                    [](bool is_on) -> std::string { return is_on ? "on" : "off"; });
}

/// A text that `parse` accepts.
template <class Field, class Parse>
SettingForm text_form(const char* takes, Field field, Parse parse) {
  return value_form(takes, field, parse, [](const auto& text) -> std::string { return text; });
}

/// A file that can be read; it is read later, and again whenever it is needed.
template <class Field>
SettingForm file_form(Field field) {
  return text_form("FILE", field, store_path);
}

/// One of some words, each with its value.
template <class Value, class Field>
SettingForm choice_form(const char* takes, Field field,
                        std::vector<std::pair<const char*, Value>> choices) {
  const auto parse = [choices](Value& out, const std::string& text) -> Stored {
    std::string right = "it must be ";
    for (std::size_t i = 0; i < choices.size(); ++i) {
      if (text == choices[i].first) {
        out = choices[i].second;
        return {};
      }
      if (i > 0) right += i + 1 < choices.size() ? ", " : " or ";
      right += choices[i].first;
    }
    return std::unexpected(std::move(right));
  };
  const auto print = [choices](const Value& value) -> std::string {
    for (const auto& [word, other] : choices) {
      if (value == other) return word;
    }
    return "";
  };
  return value_form(takes, field, parse, print);
}

/// A list, which `store` takes. It is empty by default.
inline SettingForm list_form(const char* takes,
                             std::function<Stored(Settings& settings, Values values)> store) {
  return {.takes = takes, .is_list = true, .store = std::move(store), .show = [](const Settings&) {
            return std::string();
          }};
}

}  // namespace osproxy::app
