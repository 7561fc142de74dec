#include "piece_normalizer.h"

#include <gtest/gtest.h>

#include "archive_reader.h"
#include "expected.h"

namespace early_exit {
namespace {

NormalizerSpec RealSpec() {
  const ArchiveReader archive(testing::ArchivePath("sentencepiece.pt"));
  return ReadSentencePieceModel("a.model", archive.ReadExtraFile("spiece.model")).normalizer;
}

std::string Normalize(const NormalizerSpec& spec, std::string_view text,
                      const std::vector<std::string>& user_symbols = {}) {
  return PieceNormalizer(spec, user_symbols).Normalize(text);
}

TEST(PieceNormalizer, MapsCharacters) {
  const NormalizerSpec spec = RealSpec();
  EXPECT_EQ(Normalize(spec, "\ufb01lm \u00bd\u2026"), "\u2581film\u25811\u20442...");
  EXPECT_EQ(Normalize(spec, "cafe\u0301"), "\u2581caf\u00e9");
  EXPECT_EQ(Normalize(spec, "\x01x\x7f"), "\u2581x");  // control characters are dropped
  EXPECT_EQ(Normalize({}, "\ufb01lm \u00bd"), "\u2581\ufb01lm\u2581\u00bd");
}

TEST(PieceNormalizer, RemovesWhiteSpace) {
  const NormalizerSpec spec = RealSpec();
  EXPECT_EQ(Normalize(spec, " \u3000 a \t\u200b b\n "), "\u2581a\u2581b");
  EXPECT_EQ(Normalize(spec, "a \u00a8"), "\u2581a\u2581\u0308");  // maps to a space and a mark
  EXPECT_EQ(Normalize(spec, " \n"), "");
  EXPECT_EQ(Normalize(spec, ""), "");
  EXPECT_EQ(Normalize(spec, "\x01"), "");  // the first space is removed as the last
  EXPECT_EQ(Normalize(spec, "a\u2581\u2581"), "\u2581a");
}

TEST(PieceNormalizer, KeepsWhiteSpaceOnRequest) {
  NormalizerSpec spec = RealSpec();
  spec.remove_extra_whitespaces = false;
  EXPECT_EQ(Normalize(spec, "  a  b "), "\u2581\u2581\u2581a\u2581\u2581b\u2581");
  spec.escape_whitespaces = false;
  EXPECT_EQ(Normalize(spec, "  a  b "), "   a  b ");
}

TEST(PieceNormalizer, PutsTheSpaceWhereTheModelWantsIt) {
  NormalizerSpec spec = RealSpec();
  spec.add_dummy_prefix = false;
  EXPECT_EQ(Normalize(spec, " a b "), "a\u2581b");
  spec.treat_whitespace_as_suffix = true;
  EXPECT_EQ(Normalize(spec, " a b "), "a\u2581b");
  spec.add_dummy_prefix = true;
  EXPECT_EQ(Normalize(spec, " a b "), "a\u2581b\u2581");
}

TEST(PieceNormalizer, LeavesUserSymbolsAsTheyAre) {
  const NormalizerSpec spec = RealSpec();
  const std::vector<std::string> symbols = {"\u00bd", "\u00bd\u00bd", "\ufb01l"};
  EXPECT_EQ(Normalize(spec, "\u00bd \u00bc \u00bd\u00bd \ufb01lm \ufb01 ", symbols),
            "\u2581\u00bd\u25811\u20444\u2581\u00bd\u00bd\u2581\ufb01lm\u2581"
            "fi");
}

}  // namespace
}  // namespace early_exit
