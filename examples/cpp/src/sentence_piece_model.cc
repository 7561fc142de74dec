#include "sentence_piece_model.h"

#include <algorithm>
#include <cstddef>
#include <set>
#include <stdexcept>

#include "protobuf.h"
#include "utf8.h"

namespace early_exit {
namespace {

// Numbers of fields in sentencepiece_model.proto.
namespace model_field {
constexpr std::uint64_t kPiece = 1, kTrainer = 2, kNormalizer = 3;
}
namespace piece_field {
constexpr std::uint64_t kText = 1, kScore = 2, kType = 3;
}
namespace trainer_field {
constexpr std::uint64_t kModelType = 3, kSpaceAsSuffix = 24, kByteFallback = 35;
}
namespace normalizer_field {
constexpr std::uint64_t kCharsmap = 2, kDummyPrefix = 3, kRemoveSpace = 4, kEscapeSpace = 5;
}

constexpr std::uint64_t kUnigram = 1;  // `TrainerSpec.ModelType`

struct TrainerSpec {
  std::uint64_t model_type = kUnigram;
  bool treat_whitespace_as_suffix = false;
  bool byte_fallback = false;
};

PieceType TypeOf(std::uint64_t number) {
  if (number < 1 || number > 6) {
    throw ProtobufError(std::to_string(number) + " is no type of piece");
  }
  return static_cast<PieceType>(number);
}

SentencePieceEntry ReadPiece(std::string_view content) {
  SentencePieceEntry piece;
  for (const ProtobufField& field : ReadProtobuf(content)) {
    if (field.number() == piece_field::kText) piece.text = field.bytes();
    if (field.number() == piece_field::kScore) piece.score = field.float32();
    if (field.number() == piece_field::kType) piece.type = TypeOf(field.varint());
  }
  if (FindIllFormedUtf8(piece.text)) throw ProtobufError("a piece that is not UTF-8");
  return piece;
}

TrainerSpec ReadTrainer(std::string_view content) {
  TrainerSpec trainer;
  for (const ProtobufField& field : ReadProtobuf(content)) {
    if (field.number() == trainer_field::kModelType) trainer.model_type = field.varint();
    if (field.number() == trainer_field::kSpaceAsSuffix) {
      trainer.treat_whitespace_as_suffix = field.varint() != 0;
    }
    if (field.number() == trainer_field::kByteFallback) trainer.byte_fallback = field.varint() != 0;
  }
  return trainer;
}

NormalizerSpec ReadNormalizer(std::string_view content) {
  NormalizerSpec spec;
  for (const ProtobufField& field : ReadProtobuf(content)) {
    const auto read = [&field](std::uint64_t number, bool* flag) {
      if (field.number() == number) *flag = field.varint() != 0;
    };
    if (field.number() == normalizer_field::kCharsmap) spec.precompiled_charsmap = field.bytes();
    read(normalizer_field::kDummyPrefix, &spec.add_dummy_prefix);
    read(normalizer_field::kRemoveSpace, &spec.remove_extra_whitespaces);
    read(normalizer_field::kEscapeSpace, &spec.escape_whitespaces);
  }
  return spec;
}

// A message that every trained model has: without it, the end of the file is missing. Where it is
// written in parts, they are read as one.
std::string ReadMessage(const std::vector<ProtobufField>& fields, std::uint64_t wanted) {
  std::string message;
  bool found = false;
  for (const ProtobufField& field : fields) {
    if (field.number() != wanted) continue;
    message += field.bytes();
    found = true;
  }
  if (!found) throw ProtobufError("field " + std::to_string(wanted) + " is missing");
  return message;
}

// What the library sentencepiece refuses as well.
void CheckPieces(const std::vector<SentencePieceEntry>& pieces) {
  std::set<std::string_view> in_text, reserved;
  for (std::size_t id = 0; id < pieces.size(); ++id) {
    const auto& [text, score, type] = pieces[id];
    const bool is_reserved = type == PieceType::kUnknown || type == PieceType::kControl;
    if (text.empty()) throw ProtobufError("piece " + std::to_string(id) + " is empty");
    if (text.find('\0') != std::string::npos) {
      throw ProtobufError("piece " + std::to_string(id) + " holds a null character");
    }
    if (!(is_reserved ? reserved : in_text).insert(text).second) {
      throw ProtobufError("the piece '" + text + "' is there twice");
    }
  }
}

std::int64_t FindUnknown(const std::vector<SentencePieceEntry>& pieces) {
  const auto is_unknown = [](const auto& piece) { return piece.type == PieceType::kUnknown; };
  const auto n_unknown = std::count_if(pieces.begin(), pieces.end(), is_unknown);
  if (n_unknown != 1) {
    throw ProtobufError(std::to_string(n_unknown) + " pieces stand for what is unknown");
  }
  return std::find_if(pieces.begin(), pieces.end(), is_unknown) - pieces.begin();
}

// Throws ProtobufError if the content is no model, std::domain_error if it is of another kind.
SentencePieceModel Read(std::string_view content) {
  const std::vector<ProtobufField> fields = ReadProtobuf(content);
  SentencePieceModel model;
  for (const ProtobufField& field : fields) {
    if (field.number() == model_field::kPiece) model.pieces.push_back(ReadPiece(field.bytes()));
  }
  const TrainerSpec trainer = ReadTrainer(ReadMessage(fields, model_field::kTrainer));
  model.normalizer = ReadNormalizer(ReadMessage(fields, model_field::kNormalizer));
  model.normalizer.treat_whitespace_as_suffix = trainer.treat_whitespace_as_suffix;
  if (trainer.model_type != kUnigram) {
    throw std::domain_error(
        "must be a sentencepiece model of type unigram, but was trained as bpe, "
        "word or char");
  }
  if (trainer.byte_fallback ||
      std::any_of(model.pieces.begin(), model.pieces.end(),
                  [](const auto& piece) { return piece.type == PieceType::kByte; })) {
    throw std::domain_error(
        "must have no byte pieces, but was trained with byte_fallback; train it without");
  }
  CheckPieces(model.pieces);
  model.unknown_id = FindUnknown(model.pieces);
  return model;
}

}  // namespace

SentencePieceModel ReadSentencePieceModel(const std::string& name, std::string_view content) {
  const std::string subject = "The tokenizer's " + name + " ";
  try {
    return Read(content);
  } catch (const ProtobufError& error) {
    throw std::runtime_error(subject +
                             "must be a whole sentencepiece model, but cannot be read as one (" +
                             error.what() + ").");
  } catch (const std::domain_error& error) {
    throw std::runtime_error(subject + error.what() + ".");
  }
}

}  // namespace early_exit
