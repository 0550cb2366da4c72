#include "osproxy/cli/print/body_text.h"

#include <gtest/gtest.h>

namespace osproxy::cli {
namespace {

TEST(BodyText, IsATableForEachKindOfLine) {
  EXPECT_EQ(body_text(R"({"request_id":"r","body":{"parts":[
      {"kind":"header","count":2,"bytes":44,"fields":[
        {"path":"","type":"object","count":2,"sizes":{"min":0,"max":1,"sum":1}},
        {"path":"index","type":"string","count":1,"sizes":{"min":6,"max":6,"sum":6}}]},
      {"kind":"search","count":2,"bytes":81,"fields":[
        {"path":"query.range.total.gte","type":"number","count":2,"sizes":null}]},
      {"kind":"other","count":1,"bytes":3,"fields":[]}],"truncated":null,"not_read":null}})"),
            "\nheader: 2, 44 bytes\n"
            "  FIELD        TYPE    COUNT  SIZE\n"
            "  (all of it)  object  2      0-1\n"
            "  index        string  1      6\n"
            "\nsearch: 2, 81 bytes\n"
            "  FIELD                  TYPE    COUNT  SIZE\n"
            "  query.range.total.gte  number  2      -\n"
            "\nother: 1, 3 bytes\n");
}

TEST(BodyText, SaysWhatIsFoldedAndWhy) {
  EXPECT_EQ(body_text(R"({"body":{"parts":[{"kind":"body","count":1,"bytes":9,"fields":[
      {"path":"a.{key}","type":"number","count":60,"sizes":null}],"folded":[{"path":"a.{key}",
      "count":60,"reasons":["looks_like_value","many_like_values"]}]}]}})"),
            "\nbody: 1, 9 bytes\n"
            "  FIELD    TYPE    COUNT  SIZE\n"
            "  a.{key}  number  60     -\n"
            "  a.{key}: 60 keys are not shown (looks_like_value, many_like_values)\n");
}

TEST(ItemsText, ShowsActionsByIndexAndFailuresByError) {
  EXPECT_EQ(items_text(R"({"body_indices":{"names":["a"],"whole":true,"actions":{"by_index":[
      {"index":"orders","count":120},{"index":"a","count":3}],"other_indices":0}},"response":{
      "failures_by_error":[{"type":"mapper_parsing_exception","status":400,"count":12},
      {"type":null,"status":404,"count":1},{"type":"other","status":null,"count":2}]}})"),
            "\nactions by index:\n"
            "  INDEX   ACTIONS\n"
            "  orders  120\n"
            "  a       3\n"
            "\nfailed items by error:\n"
            "  ERROR                     STATUS  ITEMS\n"
            "  mapper_parsing_exception  400     12\n"
            "  -                         404     1\n"
            "  other                     -       2\n");
  for (const char* document : {"", "{}", R"({"body_indices":null,"response":null})",
                               R"({"response":{"failures_by_error":[]}})"}) {
    EXPECT_EQ(items_text(document), "") << document;
  }
}

TEST(BodyText, IsEmptyWithoutAStructure) {
  for (const char* document : {"", "{}", "[]", R"({"body":{"parts":[],"not_read":"not_json"}})"}) {
    EXPECT_EQ(body_text(document), "") << document;
  }
}

TEST(BodyText, DoesNotDriveTheTerminal) {
  const std::string text =
      body_text(R"({"body":{"parts":[{"kind":"\u001b","count":1,"bytes":1,"fields":[)"
                R"({"path":"\u001b[2J","type":"null","count":1,"sizes":null}]}]}})");
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
}

}  // namespace
}  // namespace osproxy::cli
