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

namespace early_exit {
namespace {

constexpr double kNumberCommaPenalty = 100.0;

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

bool IsInText(const SentencePieceEntry& piece) {
  const bool special =
      std::find(kSpecialPieces.begin(), kSpecialPieces.end(), piece.text) != kSpecialPieces.end();
  return !special && (piece.type == PieceType::kNormal || piece.type == PieceType::kUserDefined);
}

Unigram MakeUnigram(const SentencePieceModel& model) {
  std::vector<UnigramPiece> pieces;
  for (const SentencePieceEntry& piece : model.pieces) {
    pieces.push_back({piece.text, ScoreOf(piece.text, double{piece.score}), IsInText(piece)});
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
                const AlbertOptions& options)
      : options_(options),
        normalizer_(MakeNormalizer(name, model)),
        unigram_(MakeUnigram(model)),
        vocab_size_(static_cast<std::int64_t>(model.pieces.size())) {}

  TokenIds Encode(std::string_view text) const override {
    const std::string normalized = normalizer_.Normalize(NormalizeAlbert(text, options_));
    return unigram_.Encode(EscapeSpaces(normalized));
  }

  std::int64_t vocab_size() const override { return vocab_size_; }

 private:
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

std::unique_ptr<Tokenizer> MakeSentencePiece(const TokenizerFiles& files) {
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
  return std::make_unique<SentencePiece>(models[0], model, options);
}

}  // namespace early_exit
