#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "early_exit/export.h"

namespace early_exit {

// The newest `format_version` of metadata.json that this build understands.
inline constexpr std::int64_t kFormatVersion = 2;

// When a sentence leaves: once sign * score > sign * parameter. The score itself is computed inside
// the archive.
struct Policy {
  std::string name;
  std::string parameter_unit;
  int sign = -1;       // -1: leaves below the parameter, 1: above it
  double never = 0.0;  // the parameter that leaves early for no score
};

// A calibrated parameter: what it costs and what it gains on the split it was calibrated on.
struct OperatingPoint {
  std::string name;
  std::optional<double> target_speedup;
  std::optional<double> threshold;  // the policy's parameter; none: the target is out of reach
  std::optional<double> speedup;    // layers of full depth / layers executed
  std::optional<double> accuracy;   // fraction in [0, 1]
};

// Where special tokens go: `init a eos`, or `init a eos [separator] b eos` for a pair.
struct InputLayout {
  std::int64_t init_token = 0;
  std::int64_t eos_token = 0;
  std::optional<std::int64_t> separator_token;
};

// What a tokenizer's own files call the special tokens; none where they have no such piece.
struct SpecialPieces {
  std::optional<std::string> bos;
  std::optional<std::string> pad;
  std::optional<std::string> eos;
  std::optional<std::string> unk;
  std::optional<std::string> mask;
};

// How to rebuild the tokenizer that an archive carries.
struct TokenizerDescription {
  std::string kind;
  std::vector<std::string> files;          // names of the archive's extra files
  std::vector<std::int64_t> token_id_map;  // tokenizer's id -> model's id; empty when equal
  SpecialPieces special_pieces;
};

// An archive's metadata.json, as far as this library needs it.
struct EARLY_EXIT_EXPORT Metadata {
  std::int64_t format_version = kFormatVersion;
  std::string backbone;
  std::string exit_method;
  Policy policy;
  std::string task;
  std::string dtype;
  std::vector<std::string> labels;  // in the order of the logits
  bool pair = false;                // the task classifies pairs of texts
  std::int64_t n_layers = 0;
  std::int64_t min_exit_layer = 1;  // the first exit that is checked
  std::int64_t check_interval = 1;  // layers between two checks
  std::int64_t vocab_size = 0;
  std::int64_t max_positions = 0;  // longest finished input that the model can read
  std::int64_t max_tokens = 0;     // longest finished input made from text
  std::int64_t pad_token = 0;
  InputLayout layout;
  std::vector<OperatingPoint> operating_points;
  std::optional<std::string> default_point;       // none: full depth
  std::optional<TokenizerDescription> tokenizer;  // none: token ids only

  // Throws std::runtime_error naming the field, the rule and the value if fields contradict each
  // other or are out of range.
  void Validate() const;

  // The parameter of the default operating point; the policy's `never` without one.
  double DefaultParameter() const;

  // The parameter of the operating point for a target speed-up; 1 is full depth, calibrated or not.
  // Throws std::invalid_argument for a speed-up that the archive lacks, listing those it has.
  double ParameterFor(double target_speedup) const;
};

// Reads and validates metadata.json, of this format or an earlier one. Throws std::runtime_error
// naming the field, the rule and the value, or, for a newer format, both versions.
EARLY_EXIT_EXPORT Metadata ParseMetadata(std::string_view json);

}  // namespace early_exit
