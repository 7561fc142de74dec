#include <stdexcept>

#include "sentence_piece.h"

namespace early_exit {

std::unique_ptr<Tokenizer> MakeSentencePiece(const TokenizerFiles&) {
  throw std::runtime_error(
      "The archive's tokenizer needs the library sentencepiece, which this build lacks: install it "
      "(on Debian and Ubuntu: libsentencepiece-dev) and build with -DEARLY_EXIT_SENTENCEPIECE=ON.");
}

}  // namespace early_exit
