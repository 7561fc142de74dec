#include "sentence_piece_model.h"

#include <gtest/gtest.h>

#include "archive_reader.h"
#include "expected.h"
#include "messages.h"

namespace early_exit {
namespace {

using namespace std::string_literals;

std::string Model() {
  return ArchiveReader(testing::ArchivePath("sentencepiece.pt")).ReadExtraFile("spiece.model");
}

std::string Field(char number, const std::string& content) {
  return std::string{static_cast<char>(number << 3 | 2), static_cast<char>(content.size())} +
         content;
}

std::string PieceField(const std::string& text, char type = 1) {
  return Field(1, Field(1, text) + "\x15\x00\x00\x80\xbf\x18"s + type);  // score -1
}

const std::string kEnd = Field(2, "\x18\x01"s) + Field(3, "");  // unigram

void ExpectRefused(const std::string& content, const std::string& sentence) {
  ExpectThrows<std::runtime_error>([&] { ReadSentencePieceModel("a.model", content); },
                                   "The tokenizer's a.model " + sentence);
}

void ExpectNoModel(const std::string& content, const std::string& reason) {
  ExpectRefused(content,
                "must be a whole sentencepiece model, but cannot be read as one (" + reason + ").");
}

TEST(SentencePieceModel, ReadsWhatTheTrainerWrote) {
  const SentencePieceModel model = ReadSentencePieceModel("a.model", Model());
  const char* specials[] = {"<pad>", "<unk>", "[CLS]", "[SEP]", "[MASK]", "("};
  for (std::size_t id = 0; id < 6; ++id) EXPECT_EQ(model.pieces[id].text, specials[id]);
  EXPECT_EQ(model.unknown_id, 1);
  EXPECT_EQ(model.pieces[1].type, PieceType::kUnknown);
  EXPECT_EQ(model.pieces[2].type, PieceType::kControl);
  EXPECT_EQ(model.pieces[5].type, PieceType::kUserDefined);
  EXPECT_EQ(model.pieces.back().type, PieceType::kNormal);
  EXPECT_LT(model.pieces.back().score, 0.0F);
  EXPECT_FALSE(model.normalizer.precompiled_charsmap.empty());
}

TEST(SentencePieceModel, ReadsTheNormalizersOptions) {
  const std::string pieces = PieceField("<unk>", 2) + PieceField("a");
  const NormalizerSpec usual = ReadSentencePieceModel("a.model", pieces + kEnd).normalizer;
  EXPECT_TRUE(usual.add_dummy_prefix && usual.remove_extra_whitespaces && usual.escape_whitespaces);
  EXPECT_FALSE(usual.treat_whitespace_as_suffix);
  EXPECT_EQ(usual.precompiled_charsmap, "");
  // both messages in two parts
  const std::string more =
      Field(2, "\xc0\x01\x01"s) + Field(3, "\x12\x03xyz\x18\x00\x20\x00\x28\x00"s);
  const NormalizerSpec other = ReadSentencePieceModel("a.model", pieces + kEnd + more).normalizer;
  EXPECT_FALSE(other.add_dummy_prefix || other.remove_extra_whitespaces ||
               other.escape_whitespaces);
  EXPECT_TRUE(other.treat_whitespace_as_suffix);
  EXPECT_EQ(other.precompiled_charsmap, "xyz");
}

TEST(SentencePieceModel, RefusesEveryTruncatedFile) {
  const std::string model = Model();
  for (std::size_t length = 0; length < model.size(); length += length < 400 ? 1 : 997) {
    ExpectRefused(model.substr(0, length),
                  "must be a whole sentencepiece model, but cannot be read as one (");
  }
}

TEST(SentencePieceModel, RefusesOtherFiles) {
  ExpectNoModel("", "field 2 is missing");
  ExpectNoModel("hello, world\n", "wire type 4 at byte 3");
  ExpectNoModel(PieceField("a") + "\x0a\x7f", "cut off at byte 14");
  ExpectNoModel(Field(2, "") + PieceField("a"), "field 3 is missing");
  ExpectNoModel(PieceField("<unk>", 7) + kEnd, "7 is no type of piece");
  ExpectNoModel(PieceField("<unk>", 0) + kEnd, "0 is no type of piece");
  ExpectNoModel(PieceField("\xc3", 2) + kEnd, "a piece that is not UTF-8");
  ExpectNoModel(PieceField("", 2) + kEnd, "piece 0 is empty");
  ExpectNoModel(PieceField("a\0"s, 2) + kEnd, "piece 0 holds a null character");
  const std::string unknown = PieceField("<unk>", 2);
  ExpectNoModel(unknown + PieceField("a") + PieceField("a", 4) + kEnd,
                "the piece 'a' is there twice");
  ExpectNoModel(PieceField("a") + kEnd, "0 pieces stand for what is unknown");
  ExpectNoModel(unknown + PieceField("a", 2) + kEnd, "2 pieces stand for what is unknown");
}

TEST(SentencePieceModel, RefusesOtherKindsOfModels) {
  const std::string unknown = PieceField("<unk>", 2);
  for (const char type : {2, 3, 4}) {
    ExpectRefused(unknown + Field(2, "\x18"s + type) + Field(3, ""),
                  "must be a sentencepiece model of type unigram, but was trained");
  }
  const std::string message =
      "must have no byte pieces, but was trained with byte_fallback; train it without.";
  ExpectRefused(unknown + Field(2, "\x98\x02\x01"s) + Field(3, ""), message);
  ExpectRefused(unknown + PieceField("<0x00>", 6) + kEnd, message);
}

}  // namespace
}  // namespace early_exit
