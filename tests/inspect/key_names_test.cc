#include "osproxy/inspect/key_names.h"

#include <string>

#include <gtest/gtest.h>

namespace osproxy {
namespace {

TEST(KeyNames, FieldNamesLookLikeNames) {
  for (const char* key : {"a",
                          "title",
                          "user_id",
                          "userId",
                          "HTTPStatus",
                          "@timestamp",
                          "_source",
                          "geo.location",
                          "address_2",
                          "line1",
                          "sha256",
                          "ipv4_addr",
                          "k8s",
                          "p_95",
                          "kebab-case",
                          "strengths",
                          "http.response.status_code",
                          "numberOfReplicas",
                          "catchphrase",
                          "facade",
                          "__typename"}) {
    EXPECT_TRUE(looks_like_name(key)) << key;
  }
}

TEST(KeyNames, IdentifiersLookLikeValues) {
  for (const char* key : {"",
                          "1",
                          "42",
                          "-7",
                          "3.14",
                          "2026-11-25",
                          "2026",
                          "orders_2026",
                          "12:30",
                          "user-12345",
                          "alice@example.com",
                          "10.0.0.1",
                          "::1",
                          "+49 170 1234567",
                          "4bf92f3577b34da6",
                          "deadbeef",
                          "0ea3aac6",
                          "ea3aac6",
                          "9b2f6c1e-8a4d-4f1b-9c57-2f1a7d0e6b3a",
                          "QWxhZGRpbjpvcGVuIHNlc2FtZQ",
                          "AKIAIOSFODNN7EXAMPLE",
                          "eyJhbGciOiJIUzI1NiJ9",
                          "xkcdqwrtzp",
                          "canary-7f3a9-field",
                          "a b",
                          "m\xC3\xBCller",
                          "http://x",
                          "a/b",
                          "k=v",
                          "line\nbreak",
                          "x9f8e7",
                          "@",
                          "-a"}) {
    EXPECT_FALSE(looks_like_name(key)) << key;
  }
  EXPECT_FALSE(looks_like_name(std::string(kMaxNameBytes + 1, 'a')));
  EXPECT_FALSE(looks_like_name(std::string_view("a\0b", 3)));
}

TEST(KeyNames, KnowsTheWordsOfTheQueryLanguage) {
  for (const char* key : {"_id", "query", "bool", "minimum_should_match", "wrapper"}) {
    EXPECT_TRUE(is_dsl_keyword(key)) << key;
  }
  for (const char* key : {"", "title", "Query", "query ", "zzz"}) {
    EXPECT_FALSE(is_dsl_keyword(key)) << key;
  }
}

}  // namespace
}  // namespace osproxy
