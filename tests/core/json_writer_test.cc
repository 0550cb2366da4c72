#include "osproxy/core/json_writer.h"

#include <cstdint>
#include <limits>

#include <gtest/gtest.h>

namespace osproxy {
namespace {

TEST(JsonWriter, PutsCommasBetweenFieldsAndElementsOnly) {
  JsonWriter json;
  json.begin_object().field("a", 1).key("b").begin_array().value(1).value(2).begin_object();
  json.end_object().end_array().key("c").begin_array().end_array().field("d", true).end_object();
  EXPECT_EQ(std::move(json).take(), R"({"a":1,"b":[1,2,{}],"c":[],"d":true})");
}

TEST(JsonWriter, KeepsTextTextAndFlagsFlags) {
  JsonWriter json;
  json.begin_array().value("true").value(true).value(false).null().end_array();
  EXPECT_EQ(std::move(json).take(), R"(["true",true,false,null])");
}

TEST(JsonWriter, WritesTheExtremesOfEveryInteger) {
  JsonWriter json;
  json.begin_array();
  json.value(std::numeric_limits<std::int64_t>::min());
  json.value(std::numeric_limits<std::uint64_t>::max());
  json.value(std::numeric_limits<std::int8_t>::min());
  json.end_array();
  EXPECT_EQ(std::move(json).take(), "[-9223372036854775808,18446744073709551615,-128]");
}

TEST(JsonWriter, WritesNullForWhatIsAbsent) {
  JsonWriter json;
  json.begin_object().field("a", std::optional<int>()).field("b", std::optional<int>(7));
  json.field_or_null("c", "").field_or_null("d", "x").end_object();
  EXPECT_EQ(std::move(json).take(), R"({"a":null,"b":7,"c":null,"d":"x"})");
}

TEST(JsonWriter, EscapesNamesToo) {
  JsonWriter json;
  json.begin_object().field("a\"b", 1).end_object();
  EXPECT_EQ(std::move(json).take(), R"({"a\"b":1})");
}

}  // namespace
}  // namespace osproxy
