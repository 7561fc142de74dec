#include <gtest/gtest.h>

#include <algorithm>

#include "archive_reader.h"
#include "early_exit/tokenizer.h"
#include "expected.h"
#include "messages.h"
#include "sentence_piece_model.h"

namespace early_exit {
namespace {

std::string Model() {
  return ArchiveReader(testing::ArchivePath("sentencepiece.pt")).ReadExtraFile("spiece.model");
}

TEST(SentencePiece, TakesAModelOfAnyName) {
  const auto tokenizer = MakeTokenizer("sentencepiece", {{"any.model", Model()}, {"x.txt", ""}});
  EXPECT_FALSE(tokenizer->Encode("The film").empty());
  EXPECT_EQ(tokenizer->Encode("THE  film "), tokenizer->Encode("the film"));
  EXPECT_TRUE(tokenizer->Encode(" \n").empty());
}

TEST(SentencePiece, ReadsItsOptions) {
  const auto tokenizer = MakeTokenizer(
      "sentencepiece",
      {{"a.model", Model()}, {"tokenizer_config.json", R"({"do_lower_case": false})"}});
  EXPECT_NE(tokenizer->Encode("FILM"), tokenizer->Encode("film"));
}

TEST(SentencePiece, GivesTheStartOfLongTexts) {
  const auto tokenizer = MakeTokenizer("sentencepiece", {{"a.model", Model()}});
  const std::string parts[] = {"the film is warm ", "caf\u00e9 \u65e5\u672c\u8a9e ``dull'' ",
                               "\u00bd\u00a8 x, 9 ", "x  two   spaces ", "\t\u3000a\u0301b "};
  std::string text;
  for (std::size_t i = 0; i < 4000; ++i) text += parts[i * i % 5];
  const TokenIds whole = tokenizer->Encode(text);
  for (const std::size_t limit : {0, 1, 7, 500, 3000, 20000}) {
    ASSERT_LT(limit, whole.size());
    EXPECT_EQ(tokenizer->EncodeStart(text, limit),
              TokenIds(whole.begin(), whole.begin() + static_cast<long>(limit)));
  }
  EXPECT_EQ(tokenizer->EncodeStart(text, whole.size() + 1), whole);
  ExpectThrows<std::invalid_argument>([&] { tokenizer->EncodeStart(text + "\xff", 1); },
                                      "is not at byte " + std::to_string(text.size()));
}

// A piece that the archive calls special is none for text.
TEST(SentencePiece, TakesTheNamesOfItsSpecialPieces) {
  const auto usual = MakeTokenizer("sentencepiece", {{"a.model", Model()}});
  const SentencePieceModel model = ReadSentencePieceModel("a.model", Model());
  const std::int64_t id = usual->Encode("the").at(0);
  const std::string piece = model.pieces.at(static_cast<std::size_t>(id)).text;
  const auto other = MakeTokenizer("sentencepiece", {{"a.model", Model()}},
                                   {piece, std::nullopt, std::nullopt, std::nullopt, std::nullopt});
  const TokenIds ids = other->Encode("the");
  EXPECT_EQ(std::count(ids.begin(), ids.end(), id), 0);
}

TEST(SentencePiece, GivesNoSpecialPieceForText) {
  const auto tokenizer = MakeTokenizer("sentencepiece", {{"a.model", Model()}});
  for (const std::int64_t id : tokenizer->Encode("[CLS] <pad> [SEP] [MASK]")) {
    EXPECT_TRUE(id == 1 || id > 4) << id;  // unknown, or an ordinary piece
  }
}

TEST(SentencePiece, RefusesWhatIsNoModel) {
  const std::string model = Model();
  for (const std::string& content : {std::string(), model.substr(0, model.size() / 2)}) {
    ExpectThrows<std::runtime_error>(
        [&] { MakeTokenizer("sentencepiece", {{"a.model", content}}); },
        "The tokenizer's a.model must be a whole sentencepiece model, but cannot be read as one (");
  }
  ExpectThrows<std::runtime_error>([] { MakeTokenizer("sentencepiece", {}); },
                                   "must have one file '*.model', but has 0");
  ExpectThrows<std::runtime_error>(
      [&] { MakeTokenizer("sentencepiece", {{"a.model", model}, {"b.model", model}}); },
      "must have one file '*.model', but has 2");
}

TEST(SentencePiece, RefusesADamagedCharacterMap) {
  // A second part of the normalizer's options, whose map takes the first one's place.
  const std::string model = Model() + "\x1a\x07\x12\x05wrong";
  ExpectThrows<std::runtime_error>(
      [&] { MakeTokenizer("sentencepiece", {{"a.model", model}}); },
      "The tokenizer's a.model must have a whole character map, but has a damaged one (");
}

}  // namespace
}  // namespace early_exit
