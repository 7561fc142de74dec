#include "byte_level_bpe.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <utility>

#include "json.h"
#include "messages.h"

namespace early_exit {
namespace {

// A vocabulary of the 256 bytes, as GPT-2's files write them, and of `more`.
std::string VocabOf(const std::vector<std::string>& more) {
  std::string json = "{";
  int id = 0;
  int next = 0x100;
  for (int byte = 0; byte < 256; ++byte) {
    const bool printable = (byte >= 33 && byte <= 126) || (byte >= 161 && byte != 173);
    char escaped[16];
    std::snprintf(escaped, sizeof(escaped), "\"\\u%04x\": ", printable ? byte : next++);
    json += escaped + std::to_string(id++) + ", ";
  }
  for (const std::string& token : more) json += "\"" + token + "\": " + std::to_string(id++) + ", ";
  json.resize(json.size() - 2);
  return json + "}";
}

TEST(ByteLevelBpe, EncodesBytesWithoutMerges) {
  const ByteLevelBpe bpe(VocabOf({}), "");
  EXPECT_EQ(bpe.Encode("A \n\u00e9"), (TokenIds{65, 32, 10, 0xC3, 0xA9}));
  EXPECT_EQ(bpe.Encode(std::string("\0", 1)), TokenIds{0});
  EXPECT_EQ(bpe.Encode(""), TokenIds{});
  EXPECT_EQ(bpe.vocab_size(), 256);
}

TEST(ByteLevelBpe, MergesTheFirstRuleFirst) {
  const ByteLevelBpe bpe(VocabOf({"bc", "ab", "abc"}), "#version: 0.2\nb c\na b\na bc\n");
  EXPECT_EQ(bpe.Encode("abc"), TokenIds{258});
  EXPECT_EQ(bpe.Encode("ab"), TokenIds{257});
  EXPECT_EQ(bpe.Encode("abcbc"), (TokenIds{258, 256}));
}

TEST(ByteLevelBpe, MergesEqualRulesFromTheLeft) {
  const ByteLevelBpe bpe(VocabOf({"aa", "aaaa"}), "a a\naa aa");
  EXPECT_EQ(bpe.Encode("aaa"), (TokenIds{256, 97}));
  EXPECT_EQ(bpe.Encode("aaaaaaa"), (TokenIds{257, 256, 97}));
}

// Merges chosen at random among tokens of the letters a to f.
struct RandomMerges {
  explicit RandomMerges(unsigned seed) {
    std::mt19937 random(seed);
    std::vector<std::string> all{"a", "b", "c", "d", "e", "f"};
    while (tokens.size() < 12) {
      const std::string left = all[random() % all.size()], right = all[random() % all.size()];
      if (std::find(all.begin(), all.end(), left + right) != all.end()) continue;
      pairs.emplace_back(left, right);
      tokens.push_back(left + right);
      all.push_back(left + right);
      lines += left + " " + right + "\n";
    }
  }

  // While two neighbours are a merge: joins those of the first such merge, the leftmost of them.
  std::vector<std::string> MergeOneByOne(const std::string& word) const {
    std::vector<std::string> parts;
    for (const char letter : word) parts.emplace_back(1, letter);
    for (bool merged = true; merged;) {
      merged = false;
      for (const auto& [left, right] : pairs) {
        for (std::size_t i = 0; !merged && i + 1 < parts.size(); ++i) {
          if (parts[i] != left || parts[i + 1] != right) continue;
          parts[i] += right;
          parts.erase(parts.begin() + static_cast<long>(i) + 1);
          merged = true;
        }
        if (merged) break;
      }
    }
    return parts;
  }

  std::vector<std::pair<std::string, std::string>> pairs;
  std::vector<std::string> tokens;
  std::string lines;
};

TEST(ByteLevelBpe, GivesTheIdsAndTheStartsOfMergingOneByOne) {
  for (unsigned seed = 0; seed < 60; ++seed) {
    const RandomMerges merges(seed);
    const ByteLevelBpe bpe(VocabOf(merges.tokens), merges.lines);
    std::mt19937 random(seed);
    std::string word;
    for (int i = 0; i < 40; ++i) word += static_cast<char>('a' + random() % 6);
    TokenIds expected;
    for (const std::string& part : merges.MergeOneByOne(word)) {
      const auto found = std::find(merges.tokens.begin(), merges.tokens.end(), part);
      expected.push_back(part.size() == 1 ? part[0] : 256 + (found - merges.tokens.begin()));
    }
    EXPECT_EQ(bpe.Encode(word), expected) << word << "\n" << merges.lines;
    for (std::size_t limit = 0; limit <= expected.size(); ++limit) {
      const TokenIds start(expected.begin(), expected.begin() + static_cast<long>(limit));
      EXPECT_EQ(bpe.EncodeStart(word, limit), start) << word << "\n" << merges.lines;
    }
  }
}

// A merge at the end of a word decides what happens at its start.
TEST(ByteLevelBpe, KnowsTheEndOfAWordBeforeItsStart) {
  const ByteLevelBpe bpe(VocabOf({"zs", "yzs", "xyzs", "wxyzs", "vwxyzs", "wx", "uv"}),
                         "z s\ny zs\nx yzs\nw xyzs\nv wxyzs\nw x\nu v\n");
  EXPECT_EQ(bpe.Encode("uvwxyzs"), (TokenIds{'u', 260}));
  EXPECT_EQ(bpe.EncodeStart("uvwxyzs", 1), TokenIds{'u'});
  EXPECT_EQ(bpe.EncodeStart("uvwxyz", 1), TokenIds{262});
}

TEST(ByteLevelBpe, StopsBetweenWordsAndWhereNoMergeReaches) {
  const ByteLevelBpe bpe(VocabOf({"aa", "aaaa"}), "a a\naa aa\n");
  const std::string words(50 << 20, '!');  // one word to the splitter, and no merge in it
  EXPECT_EQ(bpe.EncodeStart("aaa " + words, 5), (TokenIds{256, 97, 32, 33, 33}));
  ExpectThrows<std::invalid_argument>([&] { bpe.EncodeStart("aaa\xff", 1); }, "not at byte 3");
}

TEST(ByteLevelBpe, NeverMergesAcrossWords) {
  const ByteLevelBpe bpe(VocabOf({"ab", "b\u0120"}), "a b\r\nb \u0120\r\n");
  EXPECT_EQ(bpe.Encode("b a"), (TokenIds{98, 32, 97}));
}

TEST(ByteLevelBpe, TakesAMegabyteOfOneWord) {
  const ByteLevelBpe bpe(VocabOf({"aa", "aaaa"}), "a a\naa aa\n");
  EXPECT_EQ(bpe.Encode(std::string(1 << 20, 'a')), TokenIds(1 << 18, 257));
}

TEST(ByteLevelBpe, RefusesInvalidUtf8) {
  const ByteLevelBpe bpe(VocabOf({}), "");
  ExpectThrows<std::invalid_argument>([&] { bpe.Encode("ab\xff"); },
                                      "must be valid UTF-8, but is not at byte 2");
}

TEST(ByteLevelBpe, RefusesFilesThatDoNotFit) {
  const std::string vocab = VocabOf({"ab"});
  ExpectThrows<std::runtime_error>([&] { ByteLevelBpe(vocab, "a b c\n"); }, "is 'a b c' instead");
  ExpectThrows<std::runtime_error>([&] { ByteLevelBpe(vocab, "ab\n"); }, "must be two tokens");
  ExpectThrows<std::runtime_error>([&] { ByteLevelBpe(vocab, "b c\n"); }, "lacks the token 'bc'");
  ExpectThrows<std::runtime_error>([] { ByteLevelBpe("{\"a\": 0}", ""); }, "lacks the token");
}

TEST(MakeTokenizer, TakesBothPairsOfFiles) {
  const std::string vocab = VocabOf({"ab"});
  const auto openai = MakeTokenizer("roberta", {{"encoder.json", vocab}, {"vocab.bpe", "a b\n"}});
  EXPECT_EQ(openai->Encode("ab"), TokenIds{256});
  const auto hf = MakeTokenizer("roberta", {{"vocab.json", vocab}, {"merges.txt", "a b\n"}});
  EXPECT_EQ(hf->Encode("ab"), TokenIds{256});
}

TEST(MakeTokenizer, NamesWhatIsWrong) {
  ExpectThrows<std::runtime_error>(
      [] { MakeTokenizer("wordpiece", {}); },
      "must be 'roberta', 'bert' or 'sentencepiece', but is 'wordpiece' instead");
  ExpectThrows<std::runtime_error>([] { MakeTokenizer("roberta", {{"encoder.json", "{}"}}); },
                                   "must have the file 'vocab.bpe'");
  const TokenizerFiles broken{{"vocab.json", "{\"a\": -1}"}, {"merges.txt", ""}};
  ExpectThrows<std::runtime_error>([&] { MakeTokenizer("roberta", broken); },
                                   "vocab.json is malformed: has the impossible id -1");
}

}  // namespace
}  // namespace early_exit
