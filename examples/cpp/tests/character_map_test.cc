#include "character_map.h"

#include <gtest/gtest.h>

#include <array>
#include <random>
#include <vector>

#include "archive_reader.h"
#include "expected.h"
#include "messages.h"
#include "sentence_piece_model.h"
#include "utf8.h"

namespace early_exit {
namespace {

using namespace std::string_literals;

constexpr std::uint32_t kValue = 1U << 31;
constexpr std::uint32_t kHasValue = 1U << 8;

// A map of one block: "a" to "b", "ac" to "de".
struct Blob {
  std::array<std::uint32_t, 256> units{};
  std::string replacements = "b\0de\0"s;

  Blob() {
    units.fill(kValue);                             // no byte leads there
    units[0] = 1U << 10;                            // children at 1 ^ label
    units[0x60] = 'a' | kHasValue | (0x62U << 10);  // 1 ^ 'a'; value at 2, children at 2 ^ label
    units[2] = kValue | 0;
    units[0x61] = 'c' | kHasValue | (0x62U << 10);  // 2 ^ 'c'; value at 3
    units[3] = kValue | 2;
  }

  std::string Write() const { return Write({units.begin(), units.end()}); }

  std::string Write(const std::vector<std::uint32_t>& all_units) const {
    std::string blob;
    const auto append = [&blob](std::uint32_t number) {
      for (int shift = 0; shift < 32; shift += 8) blob += static_cast<char>(number >> shift);
    };
    append(static_cast<std::uint32_t>(4 * all_units.size()));
    for (const std::uint32_t unit : all_units) append(unit);
    return blob + replacements;
  }
};

void ExpectDamaged(const std::string& blob, const std::string& message) {
  ExpectThrows<std::invalid_argument>([&] { CharacterMap{blob}; }, message);
}

std::string RealBlob() {
  const ArchiveReader archive(testing::ArchivePath("sentencepiece.pt"));
  return ReadSentencePieceModel("a.model", archive.ReadExtraFile("spiece.model"))
      .normalizer.precompiled_charsmap;
}

TEST(CharacterMap, FindsTheLongestString) {
  const CharacterMap map(Blob().Write());
  const auto expect = [&map](std::string_view text, std::string_view replacement,
                             std::size_t n_bytes) {
    const auto match = map.LongestMatch(text);
    ASSERT_TRUE(match) << text;
    EXPECT_EQ(match->replacement, replacement) << text;
    EXPECT_EQ(match->n_bytes, n_bytes) << text;
  };
  expect("a", "b", 1);
  expect("ab", "b", 1);
  expect("aac", "b", 1);
  expect("ac", "de", 2);
  expect("acc", "de", 2);
  for (const std::string& text : {"b"s, "ca"s, "\0a"s, "\xff"s, ""s}) {
    EXPECT_FALSE(map.LongestMatch(text)) << text;
  }
}

TEST(CharacterMap, ReadsDistantOffsets) {
  constexpr std::uint32_t kDistant = 1U << 9;  // the offset counts blocks
  Blob blob;
  std::vector<std::uint32_t> units(512, kValue);
  units[0] = kDistant | (1U << 10);                                // children at 256 ^ label
  units[256 + 'a'] = 'a' | kHasValue | ((256U + 'a') ^ 3U) << 10;  // value at 3
  units[3] = kValue | 2;
  const CharacterMap map(blob.Write(units));
  EXPECT_EQ(map.LongestMatch("ab")->replacement, "de");
  EXPECT_FALSE(map.LongestMatch("b"));
}

TEST(CharacterMap, IsEmptyWithoutABlob) {
  const CharacterMap map("");
  EXPECT_FALSE(map.LongestMatch("a"));
  EXPECT_FALSE(map.LongestMatch(""));
}

TEST(CharacterMap, ReadsAModelsOwn) {
  const CharacterMap map(RealBlob());
  EXPECT_EQ(map.LongestMatch("\u00bd!")->replacement, "1\u20442");
  EXPECT_EQ(map.LongestMatch("e\u0301x")->replacement, "\u00e9");
  EXPECT_EQ(map.LongestMatch("\u3000")->replacement, " ");
  EXPECT_EQ(map.LongestMatch("\u200b")->replacement, " ");
  EXPECT_FALSE(map.LongestMatch("x"));
}

TEST(CharacterMap, RefusesADamagedBlob) {
  const std::string whole = Blob().Write();
  for (const std::size_t length : {1, 3, 4}) {
    ExpectDamaged(whole.substr(0, length), "it ends within its size");
  }
  for (const std::size_t length : {5, 500, 1028}) {
    ExpectDamaged(whole.substr(0, length), "it is cut off");
  }
  ExpectDamaged(whole.substr(0, whole.size() - 1), "its last replacement has no end");
  ExpectDamaged(std::string(100, '\0'), "its size is no multiple of 1024 bytes");
  ExpectDamaged("\x04\x00\x00\x00"s + whole.substr(4), "its size is no multiple of 1024 bytes");
  ExpectDamaged("\x00\xfc\xff\xff"s + whole.substr(4), "it is cut off");
  Blob leads_out;
  leads_out.units[0x61] |= 0x100U << 10;
  ExpectDamaged(leads_out.Write(), "a node leads out of it");
  Blob bad_root;
  bad_root.units[0] = kValue | (0x100U << 10);
  ExpectDamaged(bad_root.Write(), "a node leads out of it");
  Blob beyond;
  beyond.units[3] = kValue | 5;
  ExpectDamaged(beyond.Write(), "a node has no replacement");
  Blob ill_formed;
  ill_formed.replacements = "\xc3\0de\0"s;
  ExpectDamaged(ill_formed.Write(), "its replacements are not UTF-8");
  Blob within_a_character;
  within_a_character.replacements = "b\u00e9\0"s;
  ExpectDamaged(within_a_character.Write(), "a node has no replacement");
}

// Whatever a blob holds, it is refused or maps to valid UTF-8, and nothing outside of it is read.
TEST(CharacterMap, SurvivesRandomDamage) {
  const std::string whole = RealBlob(), small = Blob().Write();
  std::mt19937 random(0);
  int n_refused = 0;
  for (int round = 0; round < 400; ++round) {
    std::string blob = round % 4 == 0 ? whole : small;
    const std::size_t n_changes = 1 + random() % 20;
    for (std::size_t i = 0; i < n_changes; ++i) {
      blob[random() % blob.size()] = static_cast<char>(random());
    }
    try {
      const CharacterMap map(blob);
      for (int first = 0; first < 256; ++first) {
        for (const char* rest : {"", "c", "\x80\x80", "\xcc\x81"}) {
          const std::string text = static_cast<char>(first) + std::string(rest);
          const auto match = map.LongestMatch(text);
          if (!match) continue;
          ASSERT_LE(match->n_bytes, text.size());
          ASSERT_FALSE(FindIllFormedUtf8(match->replacement));
        }
      }
    } catch (const std::invalid_argument&) {
      ++n_refused;
    }
  }
  EXPECT_GT(n_refused, 100);
  EXPECT_LT(n_refused, 400);
}

}  // namespace
}  // namespace early_exit
