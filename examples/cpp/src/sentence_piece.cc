#include "sentence_piece.h"

#include <sentencepiece_processor.h>

#include <algorithm>
#include <array>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "albert_normalization.h"
#include "unigram.h"

namespace early_exit {
namespace {

constexpr double kNumberCommaPenalty = 100.0;

// No text gives one of these, also where the model says otherwise.
constexpr std::array<std::string_view, 10> kSpecialPieces = {
    "<s>", "<pad>", "</s>", "<unk>", "<mask>", "[CLS]", "[PAD]", "[SEP]", "[UNK]", "[MASK]"};

[[noreturn]] void Refuse(const std::string& name, const std::string& problem) {
  throw std::runtime_error("The tokenizer's " + name + " must be a sentencepiece model " + problem +
                           ".");
}

// A piece like `9,` is taken only where no other cut can be had.
double ScoreOf(const std::string& piece, double score) {
  const std::size_t n = piece.size();
  const bool is_number =
      n >= 2 && piece[n - 1] == ',' && piece[n - 2] >= '0' && piece[n - 2] <= '9';
  return is_number ? score - kNumberCommaPenalty : score;
}

// The library normalizes. Its own choice between equally good cuts depends on its version, so that
// the pieces are chosen by `Unigram`, from the vocabulary that the library has read.
class SentencePiece : public Tokenizer {
 public:
  SentencePiece(const std::string& name, const std::string& model, const AlbertOptions& options)
      : options_(options) {
    if (!library_.LoadFromSerializedProto(model).ok()) Refuse(name, "but cannot be read as one");
    std::vector<std::vector<int>> paths;
    if (!library_.NBestEncode("a", 1, &paths).ok()) Refuse(name, "of type unigram");
    std::vector<UnigramPiece> pieces;
    for (int id = 0; id < library_.GetPieceSize(); ++id) {
      if (library_.IsByte(id)) Refuse(name, "without byte pieces");
      pieces.push_back(PieceOf(id));
    }
    unigram_.emplace(std::move(pieces), library_.unk_id());
  }

  TokenIds Encode(std::string_view text) const override {
    std::vector<std::string> parts;  // of the normalized text, however it is cut
    const std::string normalized = NormalizeAlbert(text, options_);
    if (!library_.Encode(normalized, &parts).ok()) {
      throw std::runtime_error("The library sentencepiece cannot normalize a text.");
    }
    std::string joined;
    for (const std::string& part : parts) joined += part;
    return unigram_->Encode(joined);
  }

  std::int64_t vocab_size() const override { return library_.GetPieceSize(); }

 private:
  UnigramPiece PieceOf(int id) const {
    const std::string& text = library_.IdToPiece(id);
    const bool special =
        std::find(kSpecialPieces.begin(), kSpecialPieces.end(), text) != kSpecialPieces.end();
    const bool in_text =
        !special && !library_.IsUnknown(id) && !library_.IsControl(id) && !library_.IsUnused(id);
    return {text, ScoreOf(text, double{library_.GetScore(id)}), in_text};
  }

  AlbertOptions options_;
  sentencepiece::SentencePieceProcessor library_;
  std::optional<Unigram> unigram_;
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
  const auto config = files.find("tokenizer_config.json");
  const AlbertOptions options =
      config == files.end() ? AlbertOptions() : ReadAlbertOptions(config->second);
  return std::make_unique<SentencePiece>(models[0], files.at(models[0]), options);
}

}  // namespace early_exit
