#include "osproxy/core/nearest_name.h"

#include <vector>

#include <gtest/gtest.h>

namespace osproxy {
namespace {

using Names = std::vector<std::string>;

const Names kCommands{"status", "fleet", "list", "on", "off", "publish", "watch"};
const Names kFlags{"--upstream", "--tls-cert-file", "--tls-client-ca-file", "--etcd-key",
                   "--etcd-key-file"};

struct Row {
  const char* word;
  const char* meant;  ///< empty: no suggestion
};

void check(const Names& names, std::initializer_list<Row> rows) {
  for (const auto& [word, meant] : rows) {
    EXPECT_EQ(nearest_name(word, names).value_or(""), meant) << word;
  }
}

TEST(NearestName, AllowsOneEditInAShortWord) {
  check(kCommands, {{"lst", "list"},
                    {"lsit", "list"},
                    {"lisst", "list"},
                    {"lift", "list"},
                    {"no", "on"},
                    {"of", "off"},
                    {"x", ""},
                    {"lxxt", ""}});
}

TEST(NearestName, AllowsMoreEditsInALongerWord) {
  check(kCommands, {{"pulbihs", "publish"}, {"puhlixx", ""}});
  check(kFlags, {{"--upsteam", "--upstream"}, {"--tls-crt-fiel", "--tls-cert-file"}});
}

TEST(NearestName, TakesTheNearestAndOfEqualOnesTheFirst) {
  check(kFlags, {{"--etcd-kez", "--etcd-key"}, {"--etcd-key-fil", "--etcd-key-file"}});
  check({"aab", "aac"}, {{"aaa", "aab"}});
}

TEST(NearestName, IgnoresCaseAndUnderscores) {
  check(kCommands, {{"STATUS", "status"}});
  check(kFlags, {{"--TLS_CERT_FILE", "--tls-cert-file"}});
}

TEST(NearestName, CompletesAWordOfThreeCharactersOrMore) {
  check(kCommands, {{"pub", "publish"}, {"pu", ""}});
  check(kFlags, {{"--tls-c", "--tls-cert-file"}, {"--", ""}, {"--t", ""}});
}

TEST(NearestName, DoesNotCountDashesAsCharactersToEdit) { check(kFlags, {{"--upxxxeam", ""}}); }

TEST(NearestName, HasNoneForEmptyOrHugeWords) {
  check(kCommands, {{"", ""}});
  EXPECT_FALSE(nearest_name(std::string(65, 'a'), Names{std::string(65, 'a')}));
  EXPECT_FALSE(nearest_name("list", Names{std::string(65, 'a')}));
  EXPECT_FALSE(nearest_name("list", Names{}));
}

TEST(NearestName, MakesASuggestionToAppendToAnError) {
  EXPECT_EQ(did_you_mean("lst", kCommands), "; did you mean list?");
  EXPECT_EQ(did_you_mean("xyzzy", kCommands), "");
}

}  // namespace
}  // namespace osproxy
