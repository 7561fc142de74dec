#pragma once

#include <memory>

#include "early_exit/tokenizer.h"

namespace early_exit {

// ALBERT's tokenizer from a sentencepiece model of type unigram (`*.model`) and, if it is there,
// `tokenizer_config.json`: the model's own normalization behind ALBERT's, then `Unigram`. Throws
// std::runtime_error for anything else. No text gives one of the special pieces.
std::unique_ptr<Tokenizer> MakeSentencePiece(const TokenizerFiles& files,
                                             const SpecialPieces& special_pieces);

}  // namespace early_exit
