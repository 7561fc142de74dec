#include "json.h"

#include <gtest/gtest.h>

#include <string>

#include "messages.h"

namespace early_exit {
namespace {

TEST(Json, ReadsEveryKindOfValue) {
  const Json json = Json::Parse(
      R"( {"null": null, "yes": true, "no": false, "list": [1, -2.5e1, "x", []], "empty": {}} )");
  EXPECT_TRUE(json["null"].is_null());
  EXPECT_TRUE(json["yes"].boolean());
  EXPECT_FALSE(json["no"].boolean());
  EXPECT_EQ(json["list"].array()[0].integer(), 1);
  EXPECT_EQ(json["list"].array()[0].number(), 1.0);
  EXPECT_EQ(json["list"].array()[1].number(), -25.0);
  EXPECT_EQ(json["list"].array()[2].string(), "x");
  EXPECT_TRUE(json["list"].array()[3].array().empty());
  EXPECT_TRUE(json["empty"].object().empty());
}

TEST(Json, ReadsNumbersExactly) {
  EXPECT_EQ(Json::Parse("9223372036854775807").integer(), INT64_MAX);
  EXPECT_EQ(Json::Parse("-9223372036854775808").integer(), INT64_MIN);
  EXPECT_EQ(Json::Parse("9223372036854775808").number(), 9223372036854775808.0);
  EXPECT_EQ(Json::Parse("0.1").number(), 0.1);
  EXPECT_EQ(Json::Parse("1E-3").number(), 0.001);
  EXPECT_EQ(Json::Parse("-0").integer(), 0);
}

TEST(Json, ReadsEscapesAndUnicode) {
  EXPECT_EQ(Json::Parse(R"("\"\\\/\b\f\n\r\t")").string(), "\"\\/\b\f\n\r\t");
  EXPECT_EQ(Json::Parse(R"("\u0041\u00e9\u20AC\ud83d\ude00")").string(), "A\u00e9\u20ac\U0001f600");
  EXPECT_EQ(Json::Parse("\"\u00e9\U0001f600\"").string(), "\u00e9\U0001f600");
  EXPECT_EQ(Json::Parse(R"("a\u0000b")").string(), std::string("a\0b", 3));
}

TEST(Json, TakesTheSameKeyInDifferentObjects) {
  const Json json = Json::Parse(R"({"a": [{"b": 1}, {"b": 2}], "b": {"a": 3}})");
  EXPECT_EQ(json["a"].array()[1]["b"].integer(), 2);
  EXPECT_EQ(json["b"]["a"].integer(), 3);
}

TEST(Json, RefusesNumbersOfAnyLengthThatDoNotFit) {
  EXPECT_THROW(Json::Parse(std::string(400, '9')), JsonError);
  EXPECT_THROW(Json::Parse("-1e400"), JsonError);
  EXPECT_THROW(Json::Parse(std::string(1 << 20, '[')), JsonError);  // and the stack holds
}

TEST(Json, RefusesWhatIsNotJson) {
  const std::string cases[] = {"",
                               " ",
                               "{",
                               "[1,]",
                               "[1 2]",
                               "{\"a\" 1}",
                               "{\"a\": 1,}",
                               "{a: 1}",
                               "nul",
                               "NaN",
                               "Infinity",
                               "-",
                               "+1",
                               "01",
                               "1.",
                               ".5",
                               "1e",
                               "1e999",
                               "0x10",
                               "'a'",
                               "\"a",
                               "\"\n\"",
                               R"("\x")",
                               R"("\u12")",
                               R"("\u12G4")",
                               R"("\u-123")",
                               R"("\ud800")",
                               R"("\udc00")",
                               R"("\ud800\u0041")",
                               "\"\xff\"",
                               "\"\xc3\"",
                               "1 2",
                               R"({"a": 1, "a": 2})",
                               std::string("\"a\0\"", 4),
                               "[1] // no",
                               std::string(1000, '['),
                               "\xef\xbb\xbf[]"};
  for (const std::string& text : cases) EXPECT_THROW(Json::Parse(text), JsonError) << text;
}

TEST(Json, SaysWhereTheErrorIs) {
  ExpectThrows<JsonError>([] { Json::Parse("[1, 2 3]"); }, "JSON is not well-formed (byte 7)");
  ExpectThrows<JsonError>([] { Json::Parse("\"a\xff\""); }, "JSON is not well-formed (byte 3)");
  ExpectThrows<JsonError>([] { Json::Parse(R"({"a": 1, "a": 2})"); }, "repeats the key 'a'");
  ExpectThrows<JsonError>([] { Json::Parse(R"([{"a": {"b": 1, "b": 2}}])"); }, "the key 'b'");
}

TEST(Json, SaysWhichTypeIsThereInstead) {
  ExpectThrows<JsonError>([] { Json::Parse("\"1\"").integer(); },
                          "must be an integer, but is a string instead");
  ExpectThrows<JsonError>([] { Json::Parse("1.0").integer(); }, "but is a number instead");
  ExpectThrows<JsonError>([] { Json::Parse("[]")["a"]; }, "must be an object");
  ExpectThrows<JsonError>([] { Json::Parse("{}")["a"]; }, "has no member 'a'");
}

}  // namespace
}  // namespace early_exit
