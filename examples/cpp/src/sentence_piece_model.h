#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace early_exit {

// `ModelProto.SentencePiece.Type`.
enum class PieceType { kNormal = 1, kUnknown, kControl, kUserDefined, kUnused, kByte };

// A piece of the vocabulary and its logarithmic probability.
struct SentencePieceEntry {
  std::string text;
  float score = 0.0F;
  PieceType type = PieceType::kNormal;
};

// How a model wants text prepared; the names are sentencepiece's own.
struct NormalizerSpec {
  std::string precompiled_charsmap;  // empty: no character changes
  bool add_dummy_prefix = true;
  bool remove_extra_whitespaces = true;
  bool escape_whitespaces = true;
  bool treat_whitespace_as_suffix = false;  // of the trainer's options
};

// What a file `*.model` holds that cutting text into pieces needs.
struct SentencePieceModel {
  std::vector<SentencePieceEntry> pieces;  // by id
  std::int64_t unknown_id = 0;
  NormalizerSpec normalizer;
};

// Reads a model, as pf_fairseq/text/sentence_piece_files.py does. Throws std::runtime_error, which
// names the file, if it is no whole sentencepiece model, or not a unigram model without byte pieces
// such as ALBERT's.
SentencePieceModel ReadSentencePieceModel(const std::string& name, std::string_view content);

}  // namespace early_exit
