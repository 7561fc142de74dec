#include "word_piece.h"

#include <gtest/gtest.h>

#include "messages.h"

namespace early_exit {
namespace {

// [PAD] 0, [UNK] 1, [CLS] 2, [SEP] 3, [MASK] 4, and `more` from 5 on.
std::string VocabOf(const std::vector<std::string>& more, const std::string& line_end = "\n") {
  std::string text;
  for (const char* special : {"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"}) {
    text += special + line_end;
  }
  for (const std::string& piece : more) text += piece + line_end;
  return text;
}

const SpecialPieces kSquare{"[CLS]", "[PAD]", "[SEP]", "[UNK]", "[MASK]"};

TokenIds Encode(const std::vector<std::string>& more, std::string_view text) {
  return WordPiece(VocabOf(more), {}, kSquare).Encode(text);
}

TEST(WordPiece, TakesTheLongestPieceFirst) {
  const std::vector<std::string> pieces{"film", "fil", "##m", "##s", "f", "##ms"};
  EXPECT_EQ(Encode(pieces, "film films"), (TokenIds{5, 5, 8}));
  EXPECT_EQ(Encode(pieces, "fms Film"), (TokenIds{9, 10, 5}));
  EXPECT_EQ(Encode(pieces, ""), TokenIds{});
  EXPECT_EQ(Encode(pieces, " \n"), TokenIds{});
}

TEST(WordPiece, NeverGoesBackOnAPiece) {
  EXPECT_EQ(Encode({"ab", "a", "##bc"}, "abc"), TokenIds{1});  // not a ##bc
  EXPECT_EQ(Encode({"ab", "##c"}, "abc abd"), (TokenIds{5, 6, 1}));
}

TEST(WordPiece, TellsTheStartOfAWordFromItsRest) {
  EXPECT_EQ(Encode({"a", "##b"}, "ab ba aa"), (TokenIds{5, 6, 1, 1}));
  EXPECT_EQ(Encode({"a", "b"}, "ab a b"), (TokenIds{1, 5, 6}));  // no ## piece at all
  EXPECT_EQ(Encode({"##b", "#", "b"}, "##b"), (TokenIds{6, 6, 7}));
}

TEST(WordPiece, CannotBeMadeToWriteSpecialTokens) {
  EXPECT_EQ(Encode({"[", "]", "sep"}, "[SEP]"), (TokenIds{5, 7, 6}));
  EXPECT_EQ(WordPiece(VocabOf({"[", "]"}), {false, false, true}, kSquare).Encode("[CLS]"),
            (TokenIds{5, 1, 6}));
}

TEST(WordPiece, KnowsNoWordOfMoreThan100Characters) {
  const std::vector<std::string> pieces{"\u00df", "##\u00df"};
  std::string word;
  TokenIds ids{5};
  for (int i = 0; i < 100; ++i) word += "\u00df";
  ids.resize(100, 6);
  EXPECT_EQ(Encode(pieces, word), ids);
  EXPECT_EQ(Encode(pieces, word + "\u00df"), TokenIds{1});
}

TEST(WordPiece, TakesAMegabyteOfOneWord) {
  EXPECT_EQ(Encode({"a", "##a"}, std::string(1 << 20, 'a')), TokenIds{1});
}

TEST(WordPiece, ReadsBothLineEnds) {
  const WordPiece windows(VocabOf({"a", "b"}, "\r\n"), {}, kSquare);
  EXPECT_EQ(windows.Encode("b a"), (TokenIds{6, 5}));
  EXPECT_EQ(windows.vocab_size(), 7);
  std::string unended = VocabOf({"a", "b"});
  unended.pop_back();
  EXPECT_EQ(WordPiece(unended, {}, kSquare).Encode("b"), TokenIds{6});
}

TEST(WordPiece, RefusesInvalidUtf8) {
  ExpectThrows<std::invalid_argument>([] { Encode({}, "ab\xff"); },
                                      "must be valid UTF-8, but is not at byte 2");
}

TEST(WordPiece, RefusesAVocabularyThatDoesNotFit) {
  const auto refused = [](const std::string& vocab, const std::string& message) {
    ExpectThrows<std::runtime_error>([&] { WordPiece(vocab, {}, kSquare); }, message);
  };
  refused(VocabOf({"a", "", "b"}), "on each line, but line 7 is ''");
  refused(VocabOf({"a", "b", "a"}), "on each line, but line 8 is 'a'");
  refused(VocabOf({"\xff"}), "vocab.txt must be valid UTF-8, but is not at byte 31");
  refused("[PAD]\n[UNK]\n[CLS]\n[SEP]\n", "must hold the special piece [MASK], but lacks it");
  refused("", "must hold the special piece [CLS]");
}

// MPNet's names: `[UNK]` is its unknown piece, and `<unk>` and `[CLS]` are pieces like others.
TEST(WordPiece, TakesTheNamesOfItsSpecialPieces) {
  const SpecialPieces mpnet{"<s>", "<pad>", "</s>", "[UNK]", "<mask>"};
  const std::string vocab = "<s>\n<pad>\n</s>\n<unk>\n[UNK]\n<\nunk\n>\n<mask>\n";
  EXPECT_EQ(WordPiece(vocab, {}, mpnet).Encode("<unk> x"), (TokenIds{5, 6, 7, 4}));
  const SpecialPieces other{"<s>", std::nullopt, std::nullopt, "<unk>", std::nullopt};
  EXPECT_EQ(WordPiece(vocab, {}, other).Encode("x"), TokenIds{3});
  ExpectThrows<std::runtime_error>([&] { WordPiece(vocab, {}, {}); }, "must have an unknown piece");
  ExpectThrows<std::runtime_error>([&] { WordPiece(vocab, {}, kSquare); },
                                   "piece [CLS], but lacks");
}

TEST(WordPiece, GivesTheStartOfLongTextsWithoutReadingThem) {
  const WordPiece tokenizer(VocabOf({"a", "##b", "\u00e9", "e"}), {true, false, true}, kSquare);
  std::string text;
  for (int i = 0; i < 3000; ++i) text += i % 7 == 0 ? "ab, e\u0301 \u65e5" : "ab\u00ad\u0301 x";
  const TokenIds whole = tokenizer.Encode(text);
  for (const std::size_t limit : {0, 1, 2, 5, 1000, 4000}) {
    ASSERT_LT(limit, whole.size());
    EXPECT_EQ(tokenizer.EncodeStart(text, limit),
              TokenIds(whole.begin(), whole.begin() + static_cast<long>(limit)));
  }
  EXPECT_EQ(tokenizer.EncodeStart(text, whole.size() + 1), whole);
  ExpectThrows<std::invalid_argument>([&] { tokenizer.EncodeStart(text + "\xff", 1); },
                                      "is not at byte " + std::to_string(text.size()));
}

TEST(MakeWordPiece, ReadsTheOptions) {
  const auto encode = [](const std::string& config, const std::string& text) {
    const std::string vocab = VocabOf({"a", "\u00e4", "A", "\u65e5\u672c", "\u65e5", "\u672c"});
    return MakeTokenizer("bert", {{"vocab.txt", vocab}, {"tokenizer_config.json", config}})
        ->Encode(text);
  };
  EXPECT_EQ(encode("{}", "A \u00c4"), (TokenIds{5, 5}));
  EXPECT_EQ(encode("{\"do_lower_case\": false}", "A \u00e4"), (TokenIds{7, 6}));
  EXPECT_EQ(encode("{\"strip_accents\": false}", "A \u00c4"), (TokenIds{5, 6}));
  EXPECT_EQ(encode("{\"strip_accents\": null, \"x\": [1]}", "\u00c4"), TokenIds{5});
  EXPECT_EQ(encode("{}", "\u65e5\u672c"), (TokenIds{9, 10}));
  EXPECT_EQ(encode("{\"tokenize_chinese_chars\": false}", "\u65e5\u672c"), TokenIds{8});
  EXPECT_EQ(MakeTokenizer("bert", {{"vocab.txt", VocabOf({"a"})}})->Encode("A"), TokenIds{5});
}

TEST(MakeWordPiece, NamesWhatIsWrong) {
  const auto refused = [](const TokenizerFiles& files, const std::string& message) {
    ExpectThrows<std::runtime_error>([&] { MakeTokenizer("bert", files); }, message);
  };
  const std::string vocab = VocabOf({});
  refused({}, "must have the file 'vocab.txt'");
  refused({{"vocab.txt", vocab}, {"tokenizer_config.json", "{"}},
          "tokenizer_config.json is malformed: JSON");
  refused({{"vocab.txt", vocab}, {"tokenizer_config.json", "[]"}}, "must be an object");
  refused({{"vocab.txt", vocab}, {"tokenizer_config.json", "{\"do_lower_case\": null}"}},
          "has a `do_lower_case` that must be a boolean, but is null instead");
}

}  // namespace
}  // namespace early_exit
