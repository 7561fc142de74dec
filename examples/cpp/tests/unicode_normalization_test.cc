#include "unicode_normalization.h"

#include <gtest/gtest.h>

namespace early_exit {
namespace {

std::u32string Canonical(std::u32string_view text) {
  return Decompose(text, Decomposition::kCanonical);
}

std::u32string Compatible(std::u32string_view text) {
  return Decompose(text, Decomposition::kCompatibility);
}

TEST(Decompose, TakesCharactersApart) {
  EXPECT_EQ(Canonical(U""), U"");
  EXPECT_EQ(Canonical(U"plain text"), U"plain text");
  EXPECT_EQ(Canonical(U"caf\u00e9"), U"cafe\u0301");
  EXPECT_EQ(Canonical(U"\u1ed6x"), U"O\u0302\u0303x");
  EXPECT_EQ(Canonical(U"\u212b"), U"A\u030a");
  EXPECT_EQ(Canonical(U"\uf900\U0002fa1d"), U"\u8c48\U0002a600");
}

TEST(Decompose, KeepsWhatIsOnlyCompatibleUnlessAsked) {
  EXPECT_EQ(Canonical(U"\ufb01\u00bd\uff21\u3000"), U"\ufb01\u00bd\uff21\u3000");
  EXPECT_EQ(Compatible(U"\ufb01\u00bd\uff21\u3000"), U"fi1\u20442A ");
  EXPECT_EQ(Compatible(U"\U0001d504\u00e9\u1e9b\u0323"), U"Ae\u0301s\u0323\u0307");
  EXPECT_EQ(Compatible(U"\ufdfa").size(), 18U);
}

TEST(Decompose, TakesHangulApart) {
  EXPECT_EQ(Canonical(U"\uac00\uac01\ud7a3"), U"\u1100\u1161\u1100\u1161\u11a8\u1112\u1175\u11c2");
  EXPECT_EQ(Canonical(U"\uabff\ud7a4"), U"\uabff\ud7a4");
}

TEST(Decompose, OrdersMarksWithinTheirRunOnly) {
  EXPECT_EQ(Canonical(U"a\u0301\u0323"), U"a\u0323\u0301");
  EXPECT_EQ(Canonical(U"a\u0301\u0300"), U"a\u0301\u0300");  // of one class: kept
  EXPECT_EQ(Canonical(U"a\u0301b\u0323"), U"a\u0301b\u0323");
  EXPECT_EQ(Canonical(U"\u00e9\u0323"), U"e\u0323\u0301");
  EXPECT_EQ(Canonical(U"\u0345\u0334"), U"\u0334\u0345");  // without a character before them
}

TEST(Decompose, TakesAMegabyteOfMarks) {
  std::u32string text;
  for (int i = 0; i < 1 << 19; ++i) text += U"\u0301\u0323";
  const std::u32string half(1 << 19, U'\u0323');
  EXPECT_EQ(Canonical(text), half + std::u32string(1 << 19, U'\u0301'));
}

TEST(Marks, KnowTheirEdges) {
  EXPECT_FALSE(IsNonspacingMark('a'));
  EXPECT_FALSE(IsNonspacingMark(0x2FF));
  EXPECT_TRUE(IsNonspacingMark(0x300));
  EXPECT_TRUE(IsNonspacingMark(0x36F));
  EXPECT_FALSE(IsNonspacingMark(0x370));
  EXPECT_FALSE(IsNonspacingMark(0x903));  // a spacing mark
  EXPECT_TRUE(IsMark(0x903));
  EXPECT_TRUE(IsMark(0x20DD));  // an enclosing mark
  EXPECT_FALSE(IsMark('a'));
  EXPECT_FALSE(IsMark(0x10FFFF));
}

TEST(LowerCase, KnowsSteps) {
  EXPECT_EQ(LowerCase(U"AZ[az@ 1"), U"az[az@ 1");
  EXPECT_EQ(LowerCase(U"\u0100\u0101\u0102"), U"\u0101\u0101\u0103");
  EXPECT_EQ(LowerCase(U"\u0391\u03a9\u0416\u1e9e"), U"\u03b1\u03c9\u0436\u00df");
  EXPECT_EQ(LowerCase(U"\u039f\u03a3"), U"\u03bf\u03c3");  // no final sigma
  EXPECT_EQ(LowerCase(U"\u0130"), U"i\u0307");
  EXPECT_EQ(LowerCase(U"\U00010400\U0001e921\U0010ffff"), U"\U00010428\U0001e943\U0010ffff");
}

}  // namespace
}  // namespace early_exit
