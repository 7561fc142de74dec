#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "character_map.h"
#include "sentence_piece_model.h"

namespace early_exit {

// What a sentencepiece model does to text before it is cut into pieces, equal to the library's
// `Normalizer`: characters are mapped, and white space becomes U+2581.
class PieceNormalizer {
 public:
  // The model's user symbols are left as they are. Throws std::invalid_argument if its character
  // map is damaged.
  explicit PieceNormalizer(const SentencePieceModel& model);

  // The like; no symbol is empty.
  PieceNormalizer(NormalizerSpec spec, std::vector<std::string> user_symbols);

  // `text` is valid UTF-8, and so is what is returned.
  std::string Normalize(std::string_view text) const;

  // Whether what stands before byte `cut` of `text` and what stands after it may be mapped as one.
  bool ReachesOver(std::string_view text, std::size_t cut) const;

 private:
  struct Prefix {
    std::string_view normalized;
    std::size_t n_bytes = 0;  // of the text, at least 1
  };

  Prefix NormalizePrefix(std::string_view text) const;
  void AppendMapped(std::string_view text, std::string* normalized) const;

  NormalizerSpec spec_;
  CharacterMap map_;
  std::vector<std::string> user_symbols_;  // the longest first
  std::string_view space_;                 // as pieces write it
};

}  // namespace early_exit
