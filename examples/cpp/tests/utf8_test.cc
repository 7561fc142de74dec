#include "utf8.h"

#include <gtest/gtest.h>

#include "messages.h"

namespace early_exit {
namespace {

TEST(Utf8, EveryCodePointComesBack) {
  for (char32_t code = 0; code <= 0x10FFFF; ++code) {
    if (code == 0xD800) code = 0xE000;
    std::string text = "a";
    AppendUtf8(code, &text);
    const CodePoint decoded = DecodeUtf8(text, 1);
    ASSERT_EQ(decoded.value, code);
    ASSERT_EQ(decoded.n_bytes, text.size() - 1);
    ASSERT_FALSE(FindIllFormedUtf8(text).has_value());
  }
}

TEST(Utf8, DecodesAWholeText) {
  EXPECT_EQ(DecodeAllUtf8(""), U"");
  EXPECT_EQ(DecodeAllUtf8("a\u00e9\u20ac\U0001f600"), U"a\u00e9\u20ac\U0001f600");
  EXPECT_EQ(DecodeAllUtf8(std::string_view("\0b", 2)), std::u32string_view(U"\0b", 2));
  ExpectThrows<std::invalid_argument>([] { DecodeAllUtf8("ab\xff"); },
                                      "must be valid UTF-8, but is not at byte 2");
}

TEST(Utf8, FindsTheFirstIllFormedSequence) {
  const struct {
    const char* text;
    std::size_t offset;
  } cases[] = {
      {"ab\x80", 2},                // a continuation byte alone
      {"\xc3", 0},                  // cut short
      {"\xc3(", 0},                 // no continuation
      {"\xc0\xaf", 0},              // overlong, two bytes
      {"\xe0\x9f\xbf", 0},          // overlong, three bytes
      {"\xf0\x8f\xbf\xbf", 0},      // overlong, four bytes
      {"x\xed\xa0\x80", 1},         // a surrogate
      {"\xf4\x90\x80\x80", 0},      // above U+10FFFF
      {"\xf5\x80\x80\x80", 0},      // a byte that never occurs
      {"\u00e9\xff", 2},            // likewise
      {"\xe2\x82\xac\xe2\x82", 3},  // cut short after a good one
  };
  for (const auto& [text, offset] : cases) {
    EXPECT_EQ(FindIllFormedUtf8(text), std::optional<std::size_t>(offset)) << text;
  }
}

}  // namespace
}  // namespace early_exit
