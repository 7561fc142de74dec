#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace early_exit {

// The newest `format_version` of metadata.json that this build understands.
inline constexpr std::int64_t kFormatVersion = 1;

// A calibrated threshold: what it costs and what it gains on the split it was calibrated on.
struct OperatingPoint {
  std::string name;
  std::optional<double> target_speedup;
  std::optional<double> threshold;  // entropy in nats; none: the target could not be reached
  std::optional<double> speedup;    // layers of full depth / layers executed
  std::optional<double> accuracy;   // fraction in [0, 1]
};

// Where special tokens go: `init a eos`, or `init a eos [separator] b eos` for a pair.
struct InputLayout {
  std::int64_t init_token = 0;
  std::int64_t eos_token = 0;
  std::optional<std::int64_t> separator_token;
};

// How to rebuild the tokenizer that an archive carries.
struct TokenizerDescription {
  std::string kind;
  std::vector<std::string> files;          // names of the archive's extra files
  std::vector<std::int64_t> token_id_map;  // tokenizer's id -> model's id; empty when equal
};

// An archive's metadata.json, as far as this library needs it.
struct Metadata {
  std::int64_t format_version = 0;
  std::string backbone;
  std::string exit_method;
  std::string policy;
  std::string task;
  std::string dtype;
  std::vector<std::string> labels;  // in the order of the logits
  bool pair = false;                // the task classifies pairs of texts
  std::int64_t n_layers = 0;
  std::int64_t vocab_size = 0;
  std::int64_t max_positions = 0;  // longest finished input that the model can read
  std::int64_t max_tokens = 0;     // longest finished input made from text
  std::int64_t pad_token = 0;
  InputLayout layout;
  std::vector<OperatingPoint> operating_points;
  std::optional<TokenizerDescription> tokenizer;  // none: token ids only
};

// Reads metadata.json. Throws std::runtime_error naming the field, the rule and the value, or, for
// a newer format, both versions.
Metadata ParseMetadata(std::string_view json);

}  // namespace early_exit
