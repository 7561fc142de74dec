#include "sentence_piece.h"

#include <algorithm>
#include <array>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "albert_normalization.h"
#include "piece_normalizer.h"
#include "sentence_piece_model.h"
#include "tokenizer_config.h"
#include "unigram.h"
#include "utf8.h"

namespace early_exit {
namespace {

constexpr double kNumberCommaPenalty = 100.0;
constexpr std::size_t kFirstBytes = 4096;
constexpr std::size_t kBytesBefore = 4096, kBytesBehind = 256;  // that are seen around a cut

// No text gives one of these, also where the model says otherwise.
constexpr std::array<std::string_view, 10> kSpecialPieces = {
    "<s>", "<pad>", "</s>", "<unk>", "<mask>", "[CLS]", "[PAD]", "[SEP]", "[UNK]", "[MASK]"};

// A piece like `9,` is taken only where no other cut can be had.
double ScoreOf(const std::string& piece, double score) {
  const std::size_t n = piece.size();
  const bool is_number =
      n >= 2 && piece[n - 1] == ',' && piece[n - 2] >= '0' && piece[n - 2] <= '9';
  return is_number ? score - kNumberCommaPenalty : score;
}

bool IsSpecial(const std::string& text, const SpecialPieces& specials) {
  const auto& [bos, pad, eos, unk, mask] = specials;
  return std::find(kSpecialPieces.begin(), kSpecialPieces.end(), text) != kSpecialPieces.end() ||
         text == bos || text == pad || text == eos || text == unk || text == mask;
}

bool IsInText(const SentencePieceEntry& piece, const SpecialPieces& specials) {
  return !IsSpecial(piece.text, specials) &&
         (piece.type == PieceType::kNormal || piece.type == PieceType::kUserDefined);
}

Unigram MakeUnigram(const SentencePieceModel& model, const SpecialPieces& specials) {
  std::vector<UnigramPiece> pieces;
  for (const SentencePieceEntry& piece : model.pieces) {
    pieces.push_back(
        {piece.text, ScoreOf(piece.text, double{piece.score}), IsInText(piece, specials)});
  }
  return Unigram(std::move(pieces), model.unknown_id);
}

PieceNormalizer MakeNormalizer(const std::string& name, const SentencePieceModel& model) {
  try {
    return PieceNormalizer(model);
  } catch (const std::invalid_argument& error) {
    throw std::runtime_error("The tokenizer's " + name +
                             " must have a whole character map, but has a damaged one (" +
                             error.what() + ").");
  }
}

// All of this is our own, without the library sentencepiece. It and libtorch's libc10 both export a
// variable `FLAGS_minloglevel`, and a program that links both waits for ever in its first forward
// pass. Besides, which of two equally good cuts the library takes depends on its version.
class SentencePiece : public Tokenizer {
 public:
  SentencePiece(const std::string& name, const SentencePieceModel& model,
                const AlbertOptions& options, const SpecialPieces& specials)
      : options_(options),
        normalizer_(MakeNormalizer(name, model)),
        unigram_(MakeUnigram(model, specials)),
        vocab_size_(static_cast<std::int64_t>(model.pieces.size())) {}

  TokenIds EncodeStart(std::string_view text, std::size_t limit) const override {
    CheckUtf8(text);
    // Most tokens have fewer bytes; where that was too few, twice as many.
    for (std::size_t n = kFirstBytes; unigram_.by_word() && n < text.size(); n *= 2) {
      const std::size_t cut = FindCut(text, n);
      if (cut == text.size()) break;
      TokenIds ids = EncodeAll(text.substr(0, cut));
      if (ids.size() < limit) continue;
      ids.resize(limit);
      return ids;
    }
    TokenIds ids = EncodeAll(text);
    ids.resize(std::min(ids.size(), limit));
    return ids;
  }

  std::int64_t vocab_size() const override { return vocab_size_; }

 private:
  TokenIds EncodeAll(std::string_view text) const {
    const std::string normalized = normalizer_.Normalize(NormalizeAlbert(text, options_));
    return unigram_.Encode(EscapeSpaces(normalized));
  }

  // The first place from `start` on before which words are the same whatever comes behind: a space
  // between ASCII letters or digits over which the model's character map does not reach.
  std::size_t FindCut(std::string_view text, std::size_t start) const {
    for (std::size_t cut = NextSpace(text, start); cut < text.size();
         cut = NextSpace(text, cut + 1)) {
      const std::size_t after = NextSpace(text, cut + kBytesBehind);
      const std::size_t before = cut - std::min(cut, kBytesBefore);
      const std::size_t first = NextSpace(text, before);
      if (first >= cut) continue;  // a word longer than any
      const std::string left = NormalizeAlbert(text.substr(first, cut - first), options_);
      const std::string both = NormalizeAlbert(text.substr(first, after - first), options_);
      if (!normalizer_.ReachesOver(both, left.size())) return cut;
    }
    return text.size();
  }

  // The first space from `start` on between ASCII letters or digits; text.size() if there is none.
  static std::size_t NextSpace(std::string_view text, std::size_t start) {
    const auto plain = [text](std::size_t i) {
      const char c = text[i];
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    };
    for (std::size_t i = std::max<std::size_t>(start, 1); i + 1 < text.size(); ++i) {
      if (text[i] == ' ' && plain(i - 1) && plain(i + 1)) return i;
    }
    return text.size();
  }

  // A model whose own normalization leaves spaces as they are is cut like any other.
  static std::string EscapeSpaces(std::string_view text) {
    std::string escaped;
    for (const char byte : text) {
      if (byte == ' ') {
        escaped += "\u2581";
      } else {
        escaped += byte;
      }
    }
    return escaped;
  }

  AlbertOptions options_;
  PieceNormalizer normalizer_;
  Unigram unigram_;
  std::int64_t vocab_size_;
};

bool IsModel(const std::string& name) {
  constexpr std::string_view kEnding = ".model";
  return name.size() >= kEnding.size() &&
         name.compare(name.size() - kEnding.size(), kEnding.size(), kEnding) == 0;
}

}  // namespace

std::unique_ptr<Tokenizer> MakeSentencePiece(const TokenizerFiles& files,
                                             const SpecialPieces& special_pieces) {
  std::vector<std::string> models;
  for (const auto& [name, content] : files) {
    if (IsModel(name)) models.push_back(name);
  }
  if (models.size() != 1) {
    throw std::runtime_error("A sentencepiece tokenizer must have one file '*.model', but has " +
                             std::to_string(models.size()) + ".");
  }
  const auto config = files.find(kTokenizerConfigName);
  const AlbertOptions options =
      config == files.end() ? AlbertOptions() : ReadAlbertOptions(config->second);
  const SentencePieceModel model = ReadSentencePieceModel(models[0], files.at(models[0]));
  return std::make_unique<SentencePiece>(models[0], model, options, special_pieces);
}

}  // namespace early_exit
