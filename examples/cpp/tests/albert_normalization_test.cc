#include "albert_normalization.h"

#include <gtest/gtest.h>

#include "messages.h"

namespace early_exit {
namespace {

TEST(AlbertNormalization, CollapsesReplacesStripsAndLowers) {
  const AlbertOptions options;
  EXPECT_EQ(NormalizeAlbert("  A\u0085\u3000 B\n", options), "a b");
  EXPECT_EQ(NormalizeAlbert("``x'' '''", options), "\"x\" \"'");
  EXPECT_EQ(NormalizeAlbert("Caf\u00e9 \uff21\u00bd", options), "cafe a1\u20442");
  EXPECT_EQ(NormalizeAlbert("a\vb", options), "a\vb");
  EXPECT_EQ(NormalizeAlbert("", options), "");
}

TEST(AlbertNormalization, FollowsItsOptions) {
  EXPECT_EQ(NormalizeAlbert(" \u00c9  ", {false, true, true}), "\u00c9");
  EXPECT_EQ(NormalizeAlbert(" \u00c9  ", {false, false, false}), " E  ");
  EXPECT_EQ(NormalizeAlbert(" \u00c9  ", {true, false, true}), " \u00e9  ");
}

TEST(AlbertNormalization, RefusesInvalidUtf8) {
  ExpectThrows<std::invalid_argument>([] { NormalizeAlbert("ab\xff", {}); },
                                      "must be valid UTF-8, but is not at byte 2");
}

TEST(AlbertOptions, ReadsWhatIsThere) {
  const AlbertOptions defaults = ReadAlbertOptions("{}");
  EXPECT_TRUE(defaults.do_lower_case && defaults.remove_space && !defaults.keep_accents);
  const AlbertOptions options = ReadAlbertOptions(
      R"({"do_lower_case": false, "remove_space": false, "keep_accents": true, "x": [1]})");
  EXPECT_TRUE(!options.do_lower_case && !options.remove_space && options.keep_accents);
}

TEST(AlbertOptions, RefusesOtherContent) {
  for (const char* content : {"", "[]", R"({"do_lower_case": 1})"}) {
    ExpectThrows<std::runtime_error>([&] { ReadAlbertOptions(content); },
                                     "tokenizer_config.json is malformed: ");
  }
}

}  // namespace
}  // namespace early_exit
