#include "word_split.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "unicode_classes.h"

namespace early_exit {
namespace {

using Words = std::vector<std::string>;

Words Split(std::string_view text) {
  Words words;
  for (std::size_t offset = 0; offset < text.size(); offset += words.back().size()) {
    words.emplace_back(text.substr(offset, WordLength(text, offset)));
  }
  return words;
}

TEST(WordSplit, SplitsByClass) {
  EXPECT_EQ(Split("Hello world!"), (Words{"Hello", " world", "!"}));
  EXPECT_EQ(Split("abc123...x"), (Words{"abc", "123", "...", "x"}));
  EXPECT_EQ(Split(" 3 + 4"), (Words{" 3", " +", " 4"}));
  EXPECT_EQ(Split("na\u00efve \u65e5\u672c \u0664\u00bd"),
            (Words{"na\u00efve", " \u65e5\u672c", " \u0664\u00bd"}));
  EXPECT_EQ(Split(""), Words{});
}

TEST(WordSplit, SplitsContractionsInLowerCaseOnly) {
  EXPECT_EQ(Split("they'll don't I'M"), (Words{"they", "'ll", " don", "'t", " I", "'", "M"}));
  EXPECT_EQ(Split("'re've'm'd's"), (Words{"'re", "'ve", "'m", "'d", "'s"}));
  EXPECT_EQ(Split(" 's"), (Words{" '", "s"}));
  EXPECT_EQ(Split("!'s"), (Words{"!'", "s"}));
  EXPECT_EQ(Split("'"), Words{"'"});
}

TEST(WordSplit, LeavesTheLastSpaceToTheNextWord) {
  EXPECT_EQ(Split("a   b"), (Words{"a", "  ", " b"}));
  EXPECT_EQ(Split("a \t b"), (Words{"a", " \t", " b"}));
  EXPECT_EQ(Split("a\tb"), (Words{"a", "\t", "b"}));
  EXPECT_EQ(Split("a\n\nb"), (Words{"a", "\n", "\n", "b"}));
  EXPECT_EQ(Split("a  \u00a0b"), (Words{"a", "  ", "\u00a0", "b"}));
  EXPECT_EQ(Split("a   "), (Words{"a", "   "}));
  EXPECT_EQ(Split(" "), Words{" "});
}

TEST(UnicodeClasses, KnowTheEdges) {
  EXPECT_EQ(ClassOf(0), CharClass::kOther);
  EXPECT_EQ(ClassOf('\t'), CharClass::kSpace);
  EXPECT_EQ(ClassOf('0'), CharClass::kNumber);
  EXPECT_EQ(ClassOf('A'), CharClass::kLetter);
  EXPECT_EQ(ClassOf('@'), CharClass::kOther);
  EXPECT_EQ(ClassOf(0x3000), CharClass::kSpace);
  EXPECT_EQ(ClassOf(0x200B), CharClass::kOther);  // zero width space is a format character
  EXPECT_EQ(ClassOf(0x20000), CharClass::kLetter);
  EXPECT_EQ(ClassOf(0x10FFFF), CharClass::kOther);
}

}  // namespace
}  // namespace early_exit
