#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "early_exit/engine.h"
#include "early_exit/errors.h"
#include "early_exit/export.h"
#include "early_exit/metadata.h"
#include "early_exit/text_encoder.h"

namespace early_exit {

// When sentences leave: one of the two at most; neither is the classifier's own choice.
struct ExitChoice {
  std::optional<double> threshold;       // the policy's parameter (entropy: nats)
  std::optional<double> target_speedup;  // of an operating point
};

// A sentence with an exit choice of its own.
struct Request {
  Sentence sentence;
  ExitChoice exit = {};
};

struct EARLY_EXIT_EXPORT ClassifierOptions {
  std::string model_path;                // archive written by export/script.py
  std::optional<double> threshold;       // the policy's parameter; none: the archive's default
  std::optional<double> target_speedup;  // of an operating point, instead of a threshold
  std::string device = "cpu";            // cpu, cuda or cuda:N
  std::int64_t batch_size = 32;          // most sentences in one forward pass
  std::int64_t batch_tokens = 16384;     // most tokens in one, padding included

  void Validate() const;  // throws std::invalid_argument: field, rule, value
};

struct Prediction {
  std::string label;
  double probability = 0.0;     // of `label`
  std::int64_t exit_layer = 0;  // 1-based; n_layers() when no exit fired
  double entropy = 0.0;         // of the answering exit, in nats
  std::vector<float> logits;    // n_classes values, before softmax
  bool truncated = false;       // the text was too long, and only its start was read
};

// What became of one sentence: a prediction, or the reason why there is none.
struct Outcome {
  std::optional<Prediction> prediction;
  std::string error;  // one line
  ErrorKind error_kind = ErrorKind::kNone;

  bool truncated() const { return prediction && prediction->truncated; }
};

// Classifies sentences with early exits: a TextEncoder before an Engine. Safe to call from many
// threads; one that was moved from can only be destroyed or assigned to.
class EARLY_EXIT_EXPORT Classifier {
 public:
  // Loads an archive. Throws std::invalid_argument for bad options (an operating point that the
  // archive lacks too) and std::runtime_error if the archive cannot be used.
  explicit Classifier(const ClassifierOptions& options);

  // Takes parts that are loaded already; `model_path` and `device` play no part. Throws
  // std::invalid_argument if they do not fit together.
  Classifier(TextEncoder encoder, std::shared_ptr<const Engine> engine,
             const ClassifierOptions& options);

  Classifier(Classifier&&) noexcept;
  Classifier& operator=(Classifier&&) noexcept;
  ~Classifier();

  // One prediction per sentence, in input order, whatever their exits. Empty in, empty out. Throws
  // std::invalid_argument naming the first sentence (0-based) that cannot be classified, and
  // EngineError where that is the model's fault or that of a lack of memory.
  std::vector<Prediction> Classify(const std::vector<Sentence>& sentences,
                                   const ExitChoice& exit = {}) const;

  // As `Classify`, but one bad sentence costs no other its answer, and nothing is thrown for it.
  std::vector<Outcome> TryClassify(const std::vector<Sentence>& sentences,
                                   const ExitChoice& exit = {}) const;

  // As `TryClassify`, each sentence leaving by its own choice.
  std::vector<Outcome> TryClassifyEach(const std::vector<Request>& requests) const;

  // Runs the largest batch of the longest texts at full depth and throws the answers away, so that
  // no later call compiles anything or is the first to ask for its memory. Throws EngineError.
  void WarmUp() const;

  std::int64_t n_layers() const;
  const Metadata& metadata() const;

 private:
  class Impl;
  std::unique_ptr<const Impl> impl_;
};

}  // namespace early_exit
