#include "early_exit/tokenizer.h"

#include <stdexcept>

#include "byte_level_bpe.h"
#include "printable.h"
#include "sentence_piece.h"
#include "word_piece.h"

namespace early_exit {
namespace {

using Make = std::unique_ptr<Tokenizer> (*)(const TokenizerFiles&, const SpecialPieces&);

struct Kind {
  const char* name;
  Make make;
  SpecialPieces special_pieces;
};

const Kind* FindKind(std::string_view name) {
  static const Kind kKinds[] = {
      {"roberta", MakeByteLevelBpe, {"<s>", "<pad>", "</s>", "<unk>", "<mask>"}},
      {"bert", MakeWordPiece, {"[CLS]", "[PAD]", "[SEP]", "[UNK]", "[MASK]"}},
      {"sentencepiece", MakeSentencePiece, {"[CLS]", "<pad>", "[SEP]", "<unk>", "[MASK]"}}};
  for (const Kind& kind : kKinds) {
    if (kind.name == name) return &kind;
  }
  return nullptr;
}

const Kind& GetKind(const std::string& name) {
  if (const Kind* kind = FindKind(name)) return *kind;
  throw std::runtime_error(
      "The tokenizer's kind must be 'roberta', 'bert' or 'sentencepiece', but is '" +
      Printable(name) + "' instead. Export the archive with --no-tokenizer to classify token ids.");
}

}  // namespace

bool IsTokenizerKind(std::string_view kind) { return FindKind(kind) != nullptr; }

SpecialPieces DefaultSpecialPieces(const std::string& kind) { return GetKind(kind).special_pieces; }

std::unique_ptr<Tokenizer> MakeTokenizer(const std::string& kind, const TokenizerFiles& files,
                                         const SpecialPieces& special_pieces) {
  return GetKind(kind).make(files, special_pieces);
}

std::unique_ptr<Tokenizer> MakeTokenizer(const std::string& kind, const TokenizerFiles& files) {
  return MakeTokenizer(kind, files, DefaultSpecialPieces(kind));
}

}  // namespace early_exit
