#include "osproxy/app/settings/setting_table.h"

#include <fstream>
#include <iterator>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "osproxy/app/settings/settings_help.h"

namespace osproxy::app {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr std::string_view kBegin = "<!-- settings: written by scripts/settings_docs -->\n";
constexpr std::string_view kEnd = "<!-- end of settings -->\n";

std::string help_of(std::vector<std::string> topics) {
  const SettingsExit help = explain_settings(topics);
  EXPECT_EQ(help.exit_code, 0) << help.text;
  return help.text;
}

TEST(SettingTable, HasEachNameOnce) {
  std::set<std::string> names;
  for (const SettingGroup& group : setting_groups()) {
    EXPECT_EQ(find_setting(group.name), nullptr) << "a topic of help has one meaning";
    EXPECT_TRUE(names.insert(group.name).second) << group.name;
  }
  for (const std::string& name : setting_names()) {
    EXPECT_TRUE(names.insert(name).second) << name;
    EXPECT_EQ(find_setting(name)->name, name);
  }
  EXPECT_EQ(find_setting("no-such-setting"), nullptr);
  EXPECT_EQ(variable_of("etcd-key"), "OSPROXY_ETCD_KEY");
}

TEST(SettingTable, ShowsDefaultsThatItTakes) {
  const Settings defaults;
  for (const std::string& name : setting_names()) {
    const SettingForm& form = find_setting(name)->form;
    const std::string shown = form.show(defaults);
    if (shown.empty()) continue;
    Settings settings;
    const std::vector<std::string> values{shown};
    const auto stored = form.store(settings, values);
    EXPECT_TRUE(stored) << name << " " << shown << ": " << stored.error();
    EXPECT_EQ(form.show(settings), shown) << name;
  }
}

TEST(SettingTable, ShowsTheDefaultsOfSettings) {
  const Settings defaults;
  const auto shown = [&](const char* name) { return find_setting(name)->form.show(defaults); };
  EXPECT_EQ(shown("listen"), "127.0.0.1:8080");
  EXPECT_EQ(shown("max-connections"), "10000");
  EXPECT_EQ(shown("max-body"), "0");
  EXPECT_EQ(shown("response-timeout"), "0s");
  EXPECT_EQ(shown("health-check-path"), "/");
  EXPECT_EQ(shown("tenant-header"), "X-Tenant-Id");
  EXPECT_EQ(shown("principal-from-cert"), "cn");
  EXPECT_EQ(shown("max-life"), "1d");
  EXPECT_EQ(shown("directive-budget"), "200");
  EXPECT_EQ(shown("record-log"), "off");
  EXPECT_EQ(shown("otlp-protocol"), "http/protobuf");
  EXPECT_EQ(shown("upstream"), "");
}

TEST(SettingTable, IsInTheManual) {
  std::ifstream file(OSPROXY_SOURCE_DIR "/docs/settings.md");
  const std::string manual{std::istreambuf_iterator<char>(file), {}};
  for (const std::string& name : setting_names()) {
    EXPECT_TRUE(manual.contains("| `--" + name + "` | " + find_setting(name)->form.takes + " |"))
        << name;
  }
  const std::size_t begin = manual.find(kBegin);
  const std::size_t end = manual.find(kEnd);
  ASSERT_TRUE(begin < end && end != std::string::npos);
  EXPECT_EQ(manual.substr(begin + kBegin.size(), end - begin - kBegin.size()),
            "\n" + settings_markdown())
      << "run scripts/settings_docs";
}

TEST(SettingsHelp, ListsEachSettingInALine) {
  const std::string help = help_text();
  for (const std::string& name : setting_names()) {
    EXPECT_THAT(help, HasSubstr("  --" + name + " " + find_setting(name)->form.takes + " "));
  }
  for (std::size_t begin = 0; begin < help.size(); begin = help.find('\n', begin) + 1) {
    EXPECT_LE(help.find('\n', begin) - begin, 102U) << help.substr(begin, 120);  // "…": 3 bytes
  }
}

TEST(SettingsHelp, ListsTheGroups) {
  const std::string groups = help_of({});
  for (const SettingGroup& group : setting_groups()) {
    EXPECT_THAT(groups, AllOf(HasSubstr(group.name), HasSubstr(group.title)));
    EXPECT_THAT(help_text(), HasSubstr(std::string("(osproxy help ") + group.name + ")"));
  }
}

TEST(SettingsHelp, ExplainsTheSettingsOfAGroup) {
  const std::string tls = help_of({"tls"});
  EXPECT_THAT(tls, AllOf(HasSubstr("--tls-cert-file FILE"), HasSubstr("Default: the system's CAs."),
                         HasSubstr("SIGHUP reloads it."), Not(HasSubstr("--etcd-key"))));
}

TEST(SettingsHelp, ExplainsASetting) {
  const std::string text = help_of({"idle-timeout"});
  EXPECT_THAT(text, StartsWith("--idle-timeout DURATION\n"));
  EXPECT_THAT(text, AllOf(HasSubstr("OSPROXY_IDLE_TIMEOUT\n"), HasSubstr(" idle-timeout\n"),
                          HasSubstr(" 1m15s\n"), HasSubstr("a new value needs a restart\n"),
                          HasSubstr("(osproxy help clients)\n")));
  for (const char* other : {"--idle-timeout", "OSPROXY_IDLE_TIMEOUT", "idle_timeout"}) {
    EXPECT_EQ(help_of({other}), text) << other;
  }
  EXPECT_THAT(help_of({"log-level"}), HasSubstr("SIGHUP takes over a new value\n"));
  EXPECT_THAT(help_of({"--config"}), HasSubstr("OSPROXY_CONFIG\n"));
}

TEST(SettingsHelp, RefusesAnUnknownTopicAndNamesTheGroups) {
  const std::vector<std::string> topics{"tsl"};
  const SettingsExit help = explain_settings(topics);
  EXPECT_EQ(help.exit_code, 2);
  EXPECT_THAT(help.text, AllOf(HasSubstr("tsl is neither a setting nor a group"),
                               HasSubstr("did you mean tls?"), HasSubstr("clients, nodes, tls,")));
}

TEST(SettingsHelp, EndsWithZero) {
  const SettingsSources sources{
      .arguments = {"help", "etcd"},
      .environment = [](const std::string&) -> std::optional<std::string> { return std::nullopt; }};
  const auto help = read_settings(sources);
  ASSERT_FALSE(help);
  EXPECT_EQ(help.error().exit_code, 0);
  EXPECT_EQ(help.error().text, help_of({"etcd"}));
}

}  // namespace
}  // namespace osproxy::app
