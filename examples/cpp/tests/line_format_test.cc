#include "line_format.h"

#include <gtest/gtest.h>

#include "messages.h"

namespace early_exit::classify {
namespace {

TEST(ParseText, SplitsAPairAtItsTab) {
  EXPECT_EQ(std::get<std::string>(ParseText(" a b ")), " a b ");
  EXPECT_EQ(std::get<std::string>(ParseText("")), "");
  const auto pair = std::get<TextPair>(ParseText("a b\tc"));
  EXPECT_EQ(pair.first, "a b");
  EXPECT_EQ(pair.second, "c");
  EXPECT_EQ(std::get<TextPair>(ParseText("\t")).second, "");
  ExpectThrows<std::invalid_argument>([] { ParseText("a\tb\tc"); }, "but has more tabs");
}

TEST(ParseTokens, TakesIntegersAndSpaces) {
  EXPECT_EQ(std::get<TokenIds>(ParseTokens("0 31414  -2 ")), (TokenIds{0, 31414, -2}));
  EXPECT_EQ(std::get<TokenIds>(ParseTokens("")), TokenIds{});
  for (const char* bad : {"1,2", "1 x", "1.0", "0x1", "+1", "1\t2", "99999999999999999999"}) {
    ExpectThrows<std::invalid_argument>([&] { ParseTokens(bad); }, "must be an integer, but is '");
  }
}

TEST(FormatOutcome, WritesOneLine) {
  Outcome outcome;
  outcome.prediction = Prediction{"positive", 0.98765432, 3, 0.1, {}};
  EXPECT_EQ(FormatOutcome(outcome), "positive\t0.987654\t3\n");
  EXPECT_EQ(FormatOutcome({std::nullopt, "no\tgood,\nat all"}), "ERROR\tno good, at all\n");
}

}  // namespace
}  // namespace early_exit::classify
