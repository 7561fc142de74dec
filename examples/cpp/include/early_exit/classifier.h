#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "early_exit/metadata.h"
#include "early_exit/tokenizer.h"

namespace early_exit {

struct ClassifierOptions {
  std::string model_path;                // archive written by export/script.py
  std::optional<double> threshold;       // entropy in nats; none: the archive's default
  std::optional<double> target_speedup;  // of an operating point, instead of a threshold
  std::string device = "cpu";            // cpu, cuda or cuda:N
  std::int64_t batch_size = 32;          // most sentences in one forward pass
  std::int64_t threads =
      0;  // threads inside one forward pass, for the whole process; 0: torch's own

  void Validate() const;  // throws std::invalid_argument: field, rule, value
};

struct TextPair {
  std::string first;
  std::string second;
};

// One text, a pair of texts, or a finished input of token ids (special tokens included).
using Sentence = std::variant<std::string, TextPair, TokenIds>;

struct Prediction {
  std::string label;
  double probability = 0.0;     // of `label`
  std::int64_t exit_layer = 0;  // 1-based; n_layers() when no exit fired
  double entropy = 0.0;         // of the answering exit, in nats
  std::vector<float> logits;    // n_classes values, before softmax
};

// What became of one sentence: a prediction, or the reason why there is none.
struct Outcome {
  std::optional<Prediction> prediction;
  std::string error;
};

// Classifies sentences with early exits. Safe to call from many threads.
class Classifier {
 public:
  // Throws std::invalid_argument for bad options (an operating point that the archive lacks too)
  // and std::runtime_error if the archive is unreadable or newer than this build.
  explicit Classifier(const ClassifierOptions& options);
  ~Classifier();

  // One prediction per sentence, in input order, whatever their exits. Empty in, empty out. Throws
  // std::invalid_argument naming the first sentence (0-based) that cannot be classified.
  std::vector<Prediction> Classify(const std::vector<Sentence>& sentences) const;

  // As `Classify`, but one bad sentence costs no other its answer, and nothing is thrown for it.
  std::vector<Outcome> TryClassify(const std::vector<Sentence>& sentences) const;

  std::int64_t n_layers() const;
  const Metadata& metadata() const;

 private:
  class Impl;  // keeps torch's headers out of every includer
  std::unique_ptr<Impl> impl_;
};

}  // namespace early_exit
