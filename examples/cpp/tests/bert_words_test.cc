#include "bert_words.h"

#include <gtest/gtest.h>

#include "bert_classes.h"

namespace early_exit {
namespace {

using Words = std::vector<std::u32string>;

constexpr BertOptions kCased{false, false, true};

TEST(BertClasses, KnowTheEdges) {
  EXPECT_EQ(BertClassOf(0), BertClass::kRemoved);
  EXPECT_EQ(BertClassOf('\t'), BertClass::kSpace);
  EXPECT_EQ(BertClassOf(0xB), BertClass::kRemoved);
  EXPECT_EQ(BertClassOf(' '), BertClass::kSpace);
  EXPECT_EQ(BertClassOf('$'), BertClass::kPunctuation);  // no punctuation for Unicode
  EXPECT_EQ(BertClassOf('a'), BertClass::kOther);
  EXPECT_EQ(BertClassOf(0x7F), BertClass::kRemoved);
  EXPECT_EQ(BertClassOf(0x2019), BertClass::kPunctuation);
  EXPECT_EQ(BertClassOf(0x3000), BertClass::kSpace);
  EXPECT_EQ(BertClassOf(0x3042), BertClass::kOther);  // kana is no Chinese
  EXPECT_EQ(BertClassOf(0x4E00), BertClass::kChinese);
  EXPECT_EQ(BertClassOf(0xFFFD), BertClass::kRemoved);
  EXPECT_EQ(BertClassOf(0x10FFFF), BertClass::kOther);
}

TEST(NormalizeForBert, LowersCaseAndStripsAccents) {
  EXPECT_EQ(NormalizeForBert(U"B\u00fcro \u0130I \u1e9e", {}), U"buro ii \u00df");
  EXPECT_EQ(NormalizeForBert(U"e\u0301\u0903", {}), U"e\u0903");  // a spacing mark stays
  EXPECT_EQ(NormalizeForBert(U"\ud55c", {}), U"\u1112\u1161\u11ab");
  EXPECT_EQ(NormalizeForBert(U"", {}), U"");
}

TEST(NormalizeForBert, LeavesWhatItIsNotAskedFor) {
  EXPECT_EQ(NormalizeForBert(U"B\u00fcro \ud55c", kCased), U"B\u00fcro \ud55c");
  EXPECT_EQ(NormalizeForBert(U"B\u00fcro", {true, false, true}), U"b\u00fcro");
  EXPECT_EQ(NormalizeForBert(U"B\u00fcro", {false, true, true}), U"Buro");
}

TEST(NormalizeForBert, CleansAndSplitsChinese) {
  EXPECT_EQ(NormalizeForBert(U"a\u00a0\tb\u200bc\ufffd", kCased), U"a  bc");
  EXPECT_EQ(NormalizeForBert(U"a\u65e5\u672cb", kCased), U"a \u65e5  \u672c b");
  EXPECT_EQ(NormalizeForBert(U"a\u65e5", {true, true, false}), U"a\u65e5");
}

Words Split(const std::u32string& text, std::size_t block_size = 1000) {
  Words words;
  BertWordSplitter splitter(5, [&](std::u32string_view word) { words.emplace_back(word); });
  for (std::size_t start = 0; start < text.size(); start += block_size) {
    splitter.Add(std::u32string_view(text).substr(start, block_size));
  }
  splitter.Finish();
  return words;
}

TEST(BertWordSplitter, SplitsAtSpaceAndPunctuation) {
  EXPECT_EQ(Split(U""), Words{});
  EXPECT_EQ(Split(U"  "), Words{});
  EXPECT_EQ(Split(U" a  bc "), (Words{U"a", U"bc"}));
  EXPECT_EQ(Split(U"isn't... [SEP]"),
            (Words{U"isn", U"'", U"t", U".", U".", U".", U"[", U"SEP", U"]"}));
}

TEST(BertWordSplitter, FindsTheSameWordsInBlocksOfAnySize) {
  for (const std::size_t block_size : {1, 2, 3}) {
    EXPECT_EQ(Split(U" ab cde, f", block_size), (Words{U"ab", U"cde", U",", U"f"}));
  }
}

TEST(BertWordSplitter, KeepsTheStartOfALongWord) {
  EXPECT_EQ(Split(U"abcdefgh i"), (Words{U"abcde", U"i"}));
}

TEST(BertBlockLength, CutsWhereNoMarkCanMoveOverTheCut) {
  EXPECT_EQ(BertBlockLength("abc", 2), 2u);
  EXPECT_EQ(BertBlockLength("abc", 9), 3u);
  EXPECT_EQ(BertBlockLength("ae\u0301\u0323x", 2), 6u);  // marks belong to their letter
  EXPECT_EQ(BertBlockLength("ae\u00ad\u0301x", 2), 6u);  // also behind what is dropped
  EXPECT_EQ(BertBlockLength("a\u65e5\u672c", 1), 1u);
  EXPECT_EQ(BertBlockLength("a\u0301", 1), 3u);
}

}  // namespace
}  // namespace early_exit
