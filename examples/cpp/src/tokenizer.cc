#include "early_exit/tokenizer.h"

#include <stdexcept>

#include "byte_level_bpe.h"
#include "sentence_piece.h"
#include "word_piece.h"

namespace early_exit {

std::unique_ptr<Tokenizer> MakeTokenizer(const std::string& kind, const TokenizerFiles& files) {
  if (kind == "roberta") return MakeByteLevelBpe(files);
  if (kind == "bert") return MakeWordPiece(files);
  if (kind == "sentencepiece") return MakeSentencePiece(files);
  throw std::runtime_error(
      "The tokenizer's kind must be 'roberta', 'bert' or 'sentencepiece', but is '" + kind +
      "' instead. Export the archive with --no-tokenizer to classify token ids.");
}

}  // namespace early_exit
