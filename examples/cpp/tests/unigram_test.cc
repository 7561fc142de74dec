#include "unigram.h"

#include <gtest/gtest.h>

namespace early_exit {
namespace {

const std::vector<UnigramPiece> kPieces = {
    {"<unk>", 0.0, false}, {"\u2581", -2.0},    {"a", -3.0},  {"b", -3.0},
    {"ab", -5.0},          {"[M]", 0.0, false}, {"aa", -4.0}, {"\u2581a", -4.5}};

TEST(Unigram, TakesTheMostProbableCut) {
  const Unigram unigram(kPieces, 0);
  EXPECT_EQ(unigram.Encode("\u2581ab"), (TokenIds{1, 4}));
  EXPECT_EQ(unigram.Encode("\u2581a"), TokenIds{7});
  EXPECT_EQ(unigram.Encode(""), TokenIds{});
}

TEST(Unigram, TakesTheLongerLastPieceOfEqualCuts) {
  const Unigram unigram(kPieces, 0);
  EXPECT_EQ(unigram.Encode("aaa"), (TokenIds{2, 6}));
}

TEST(Unigram, FusesUnknownCharacters) {
  const Unigram unigram(kPieces, 0);
  EXPECT_EQ(unigram.Encode("\u2581\u65e5\u672ca\u8a9e"), (TokenIds{1, 0, 2, 0}));
  EXPECT_EQ(unigram.Encode("\u65e5\u2581\u65e5"), (TokenIds{0, 1, 0}));
}

TEST(Unigram, NeverGivesAPieceThatIsNoText) {
  const Unigram unigram(kPieces, 0);
  EXPECT_EQ(unigram.Encode("[M]"), TokenIds{0});
  EXPECT_EQ(unigram.Encode("<unk>"), TokenIds{0});
}

TEST(Unigram, ReachesOverSpacesIfAPieceDoes) {
  std::vector<UnigramPiece> pieces = kPieces;
  pieces.push_back({"a\u2581b", -1.0});
  EXPECT_EQ(Unigram(pieces, 0).Encode("a\u2581b"), TokenIds{8});
}

TEST(Unigram, TakesAMegabyteOfOneWord) {
  const Unigram unigram(kPieces, 0);
  EXPECT_EQ(unigram.Encode(std::string(1 << 20, 'a')), TokenIds(1 << 19, 6));
}

}  // namespace
}  // namespace early_exit
