#include "early_exit/text_encoder.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "expected.h"
#include "messages.h"

namespace early_exit {
namespace {

using testing::Expected;

TextEncoder Load(const std::string& name) {
  return TextEncoder(Archive(testing::ArchivePath(name)));
}

class TextEncoderTest : public ::testing::TestWithParam<const char*> {};

TEST_P(TextEncoderTest, GivesTheInputsOfPython) {
  const Expected expected = testing::ReadExpected(GetParam());
  const TextEncoder encoder = Load(std::string(GetParam()) + ".pt");
  for (std::size_t i = 0; i < expected.sentences.size(); ++i) {
    EXPECT_EQ(encoder.Encode(expected.sentences[i]).tokens, expected.inputs[i]) << "sentence " << i;
  }
}

INSTANTIATE_TEST_SUITE_P(Archives, TextEncoderTest, ::testing::ValuesIn(testing::kArchives));

TEST(TextEncoder, RefusesWhatTheModelCannotRead) {
  const TextEncoder encoder = Load("single.pt");
  const std::int64_t vocab_size = encoder.metadata().vocab_size;
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
  EXPECT_EQ(encoder.Encode(TokenIds(24, 0)).tokens, TokenIds(24, 0));
  EXPECT_EQ(encoder.Encode(TokenIds{0, 5, 2, 1, 1}).tokens, (TokenIds{0, 5, 2}));
}

TEST(TextEncoder, RefusesHalfAPair) {
  const TextEncoder encoder = Load("pair.pt");
  ExpectThrows<std::invalid_argument>([&] { encoder.Encode("a"); }, "was given a single text");
  ExpectThrows<std::invalid_argument>([&] { encoder.Encode(TextPair{"a", ""}); }, "is empty");
  ExpectThrows<std::invalid_argument>([&] { encoder.Encode(TextPair{"", "b"}); }, "is empty");
}

TEST(TextEncoder, PutsNoSeparatorWhereTheArchiveHasNone) {
  const TextEncoder encoder = Load("bert_pair.pt");
  const InputLayout& layout = encoder.metadata().layout;
  EXPECT_FALSE(layout.separator_token.has_value());
  const TokenIds input = encoder.Encode(TextPair{"the film", "the ending"}).tokens;
  EXPECT_EQ(std::count(input.begin(), input.end(), layout.eos_token), 2);
  EXPECT_EQ(input.front(), layout.init_token);
}

TEST(TextEncoder, TakesTheSpecialTokensAndTheSeparatorThatTheArchiveNames) {
  const TextEncoder encoder = Load("mpnet_pair.pt");
  EXPECT_EQ(encoder.metadata().backbone, "mpnet");
  const SpecialPieces& pieces = encoder.metadata().tokenizer->special_pieces;
  EXPECT_EQ(pieces.bos, std::optional<std::string>("<s>"));
  EXPECT_EQ(pieces.unk, std::optional<std::string>("[UNK]"));
  const TokenIds input = encoder.Encode(TextPair{"\U0001f600", "<unk>"}).tokens;
  const std::int64_t unknown = 4;  // [UNK]; `<unk>`, the piece before it, no text can spell
  ASSERT_GE(input.size(), 6u);
  EXPECT_EQ(TokenIds(input.begin(), input.begin() + 4), (TokenIds{0, unknown, 2, 2}));
  EXPECT_EQ(std::count(input.begin(), input.end(), 3), 0);
  EXPECT_EQ(input.back(), 2);
}

TEST(TextEncoder, TakesATextInWhichNoTokenIsFound) {
  const TextEncoder encoder = Load("bert_pair.pt");
  const InputLayout& layout = encoder.metadata().layout;
  EXPECT_EQ(encoder.Encode(TextPair{" ", "\u200b"}).tokens,
            (TokenIds{layout.init_token, layout.eos_token, layout.eos_token}));
}

TEST(TextEncoder, TellsWhichTextsItCut) {
  const TextEncoder single = Load("single.pt");
  const auto cut = [](const TextEncoder& encoder, const Sentence& sentence) {
    const EncodedSentence encoded = encoder.Encode(sentence);
    EXPECT_TRUE(!encoded.truncated || encoded.tokens.size() == 17u);
    return encoded.truncated;
  };
  EXPECT_FALSE(cut(single, std::string(15, '!')));  // 15 tokens and two special ones are 17
  EXPECT_TRUE(cut(single, std::string(16, '!')));
  EXPECT_FALSE(cut(single, TokenIds(24, 0)));
  const TextEncoder pair = Load("pair.pt");
  EXPECT_FALSE(cut(pair, {"!", std::string(12, '!')}));
  EXPECT_TRUE(cut(pair, {"!", std::string(13, '!')}));
  EXPECT_TRUE(cut(pair, {std::string(100, '!'), std::string(90, '!')}));
}

// Which text loses one token more hangs on which is the longer, however long both are.
TEST(TextEncoder, CutsLongPairsByTheirTrueLengths) {
  const TextEncoder encoder = Load("pair.pt");
  const auto n_first = [&](std::size_t first, std::size_t second) {
    const TokenIds tokens =
        encoder.Encode({std::string(first, '!'), std::string(second, '?')}).tokens;
    const std::int64_t eos = encoder.metadata().layout.eos_token;
    return std::find(tokens.begin(), tokens.end(), eos) - tokens.begin() - 1;
  };
  EXPECT_EQ(n_first(500, 1000), 6);
  EXPECT_EQ(n_first(1000, 500), 7);
  EXPECT_EQ(n_first(1000, 1000), 6);
  EXPECT_EQ(n_first(1001, 1000), 7);
}

TEST(TextEncoder, TakesATokenizerWhereTheMetadataHasNone) {
  Metadata metadata = Load("tokens_only.pt").metadata();
  EXPECT_FALSE(metadata.tokenizer.has_value());
  const TextEncoder encoder(metadata, Archive(testing::ArchivePath("single.pt")).ReadTokenizer());
  EXPECT_GT(encoder.Encode("a film").tokens.size(), 2u);
}

TEST(TextEncoder, RefusesMetadataThatLeavesNoRoom) {
  Metadata metadata = Load("tokens_only.pt").metadata();
  metadata.max_tokens = 0;
  ExpectThrows<std::runtime_error>([&] { TextEncoder(metadata, nullptr); },
                                   "`max_tokens` of at least 3");
}

TEST(TextEncoder, DoesWithoutATokenizer) {
  const TextEncoder encoder = Load("tokens_only.pt");
  EXPECT_EQ(encoder.Encode(TokenIds{0, 5, 2}).tokens, (TokenIds{0, 5, 2}));
  ExpectThrows<std::invalid_argument>([&] { encoder.Encode("a"); }, "has no tokenizer");
}

TEST(TextEncoder, RefusesATokenizerThatTheModelDoesNotFit) {
  const Archive single(testing::ArchivePath("single.pt"));
  Metadata metadata = single.metadata();
  metadata.tokenizer->token_id_map.resize(300);
  ExpectThrows<std::runtime_error>([&] { TextEncoder(metadata, single.ReadTokenizer()); },
                                   "more than its token_id_map");
}

}  // namespace
}  // namespace early_exit
