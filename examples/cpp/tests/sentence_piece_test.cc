#include <gtest/gtest.h>

#include "archive_reader.h"
#include "early_exit/tokenizer.h"
#include "expected.h"
#include "messages.h"

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
