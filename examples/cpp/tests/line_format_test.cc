#include "line_format.h"

#include <gtest/gtest.h>

#include "messages.h"

namespace early_exit::classify {
namespace {

TEST(ParseText, SplitsAPairAtItsTab) {
  EXPECT_EQ(std::get<std::string>(ParseText(" a b ").value()), " a b ");
  EXPECT_EQ(std::get<std::string>(ParseText("").value()), "");
  const auto pair = std::get<TextPair>(ParseText("a b\tc").value());
  EXPECT_EQ(pair.first, "a b");
  EXPECT_EQ(pair.second, "c");
  EXPECT_EQ(std::get<TextPair>(ParseText("\t").value()).second, "");
  ExpectThrows<std::invalid_argument>([] { ParseText("a\tb\tc"); }, "but has more tabs");
}

TEST(ParseTokens, TakesIntegersAndSpaces) {
  EXPECT_EQ(std::get<TokenIds>(ParseTokens("0 31414  -2 ").value()), (TokenIds{0, 31414, -2}));
  EXPECT_EQ(std::get<TokenIds>(ParseTokens("").value()), TokenIds{});
  for (const char* bad : {"1,2", "1 x", "1.0", "0x1", "+1", "1\t2", "99999999999999999999"}) {
    ExpectThrows<std::invalid_argument>([&] { ParseTokens(bad); }, "must be an integer, but is '");
  }
}

std::string Error(const std::string& reason) {
  return FormatOutcome({std::nullopt, reason, ErrorKind::kBadInput});
}

TEST(FormatOutcome, WritesOneLine) {
  Outcome outcome;
  outcome.prediction = Prediction{"positive", 0.98765432, 3, 0.1, {}, false};
  EXPECT_EQ(FormatOutcome(outcome), "positive\t0.987654\t3\n");
  EXPECT_EQ(Error("no\tgood,\nat all"), "ERROR\tno good, at all\n");
}

TEST(FormatOutcome, GivesAReasonThatIsOneLineOfText) {
  EXPECT_EQ(Error(""), "ERROR\tNo reason was given.\n");
  EXPECT_EQ(Error("a\xff\xc3"
                  "b"),
            "ERROR\ta\ufffd\ufffdb\n");
  const std::string line = Error(std::string(1 << 20, 'x'));
  EXPECT_LT(line.size(), 1100u);
  EXPECT_EQ(line.substr(line.size() - 4), "...\n");
}

TEST(FormatOutcome, GivesNoLabelThatLooksLikeAnErrorOrAnotherLabel) {
  EXPECT_EQ(FormatLabel("ERROR"), "\\x45RROR");
  EXPECT_EQ(FormatLabel("ERRORS"), "ERRORS");
  EXPECT_EQ(FormatLabel(std::string("a\tb\nc\0", 6)), "a\\x09b\\x0Ac\\x00");
  EXPECT_EQ(FormatLabel("\x1b[31m\x7f"), "\\x1B[31m\\x7F");
  EXPECT_EQ(FormatLabel("a\\x09"), "a\\\\x09");
  EXPECT_EQ(FormatLabel("caf\u00e9 \u65e5"), "caf\u00e9 \u65e5");
}

TEST(ParseTokens, TellsABadWordInShort) {
  const std::string word(1 << 20, 'y');
  try {
    ParseTokens(word);
    ADD_FAILURE();
  } catch (const std::invalid_argument& error) {
    EXPECT_LT(std::string(error.what()).size(), 200u);
  }
}

}  // namespace
}  // namespace early_exit::classify
