#include "sentence_encoder.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "archive.h"
#include "expected.h"
#include "messages.h"

namespace early_exit {
namespace {

using testing::Expected;

struct Loaded {
  explicit Loaded(const std::string& name)
      : archive(testing::ArchivePath(name)),
        metadata(ParseMetadata(archive.ReadExtraFile("metadata.json"))) {}

  std::unique_ptr<Tokenizer> MakeTokenizer() const {
    TokenizerFiles files;
    for (const auto& file : metadata.tokenizer->files) files[file] = archive.ReadExtraFile(file);
    return early_exit::MakeTokenizer(metadata.tokenizer->kind, files);
  }

  Archive archive;
  Metadata metadata;
};

class SentenceEncoderTest : public ::testing::TestWithParam<const char*> {};

TEST_P(SentenceEncoderTest, GivesTheInputsOfPython) {
  const Expected expected = testing::ReadExpected(GetParam());
  const Loaded loaded(std::string(GetParam()) + ".pt");
  const SentenceEncoder encoder(loaded.metadata, loaded.MakeTokenizer());
  for (std::size_t i = 0; i < expected.sentences.size(); ++i) {
    EXPECT_EQ(encoder.Encode(expected.sentences[i]), expected.inputs[i]) << "sentence " << i;
  }
}

INSTANTIATE_TEST_SUITE_P(Archives, SentenceEncoderTest, ::testing::ValuesIn(testing::kArchives));

TEST(SentenceEncoder, RefusesWhatTheModelCannotRead) {
  const Loaded single("single.pt");
  const SentenceEncoder encoder(single.metadata, single.MakeTokenizer());
  const std::int64_t vocab_size = single.metadata.vocab_size;
  const auto refused = [&](const Sentence& sentence, const std::string& message) {
    ExpectThrows<std::invalid_argument>([&] { encoder.Encode(sentence); }, message);
  };
  refused("", "must have at least one character, but is empty");
  refused("a\xc3", "must be valid UTF-8, but is not at byte 1");
  refused(TextPair{"a", "b"}, "single texts, but was given a pair");
  refused(TokenIds{}, "at least one token besides padding");
  refused(TokenIds{1, 1}, "at least one token besides padding");
  refused(TokenIds{0, 1, 2}, "Padding must follow all other tokens");
  refused(TokenIds{0, -1, 2}, "but is -1 instead");
  refused(TokenIds{0, vocab_size}, "but is " + std::to_string(vocab_size) + " instead");
  refused(TokenIds(25, 0), "at most 24 tokens, but has 25 instead");
  EXPECT_EQ(encoder.Encode(TokenIds(24, 0)), TokenIds(24, 0));
  EXPECT_EQ(encoder.Encode(TokenIds{0, 5, 2, 1, 1}), (TokenIds{0, 5, 2}));
}

TEST(SentenceEncoder, RefusesHalfAPair) {
  const Loaded pair("pair.pt");
  const SentenceEncoder encoder(pair.metadata, pair.MakeTokenizer());
  ExpectThrows<std::invalid_argument>([&] { encoder.Encode("a"); }, "was given a single text");
  ExpectThrows<std::invalid_argument>([&] { encoder.Encode(TextPair{"a", ""}); }, "is empty");
  ExpectThrows<std::invalid_argument>([&] { encoder.Encode(TextPair{"", "b"}); }, "is empty");
}

TEST(SentenceEncoder, PutsNoSeparatorWhereTheArchiveHasNone) {
  const Loaded bert("bert_pair.pt");
  EXPECT_FALSE(bert.metadata.layout.separator_token.has_value());
  const SentenceEncoder encoder(bert.metadata, bert.MakeTokenizer());
  const TokenIds input = encoder.Encode(TextPair{"the film", "the ending"});
  EXPECT_EQ(std::count(input.begin(), input.end(), bert.metadata.layout.eos_token), 2);
  EXPECT_EQ(input.front(), bert.metadata.layout.init_token);
}

TEST(SentenceEncoder, TakesATextInWhichNoTokenIsFound) {
  const Loaded bert("bert_pair.pt");
  const SentenceEncoder encoder(bert.metadata, bert.MakeTokenizer());
  const InputLayout& layout = bert.metadata.layout;
  EXPECT_EQ(encoder.Encode(TextPair{" ", "\u200b"}),
            (TokenIds{layout.init_token, layout.eos_token, layout.eos_token}));
}

TEST(SentenceEncoder, DoesWithoutATokenizer) {
  const Loaded loaded("tokens_only.pt");
  const SentenceEncoder encoder(loaded.metadata, nullptr);
  EXPECT_EQ(encoder.Encode(TokenIds{0, 5, 2}), (TokenIds{0, 5, 2}));
  ExpectThrows<std::invalid_argument>([&] { encoder.Encode("a"); }, "has no tokenizer");
}

TEST(SentenceEncoder, RefusesATokenizerThatTheModelDoesNotFit) {
  Loaded single("single.pt");
  single.metadata.tokenizer->token_id_map.resize(300);
  ExpectThrows<std::runtime_error>(
      [&] { SentenceEncoder(single.metadata, single.MakeTokenizer()); },
      "more than its token_id_map");
}

}  // namespace
}  // namespace early_exit
