#include "early_exit/classifier.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <utility>

#include "archive.h"
#include "operating_points.h"
#include "scripted_model.h"
#include "sentence_encoder.h"

namespace early_exit {
namespace {

std::unique_ptr<Tokenizer> ReadTokenizer(const Archive& archive, const Metadata& metadata) {
  if (!metadata.tokenizer) return nullptr;
  TokenizerFiles files;
  for (const std::string& name : metadata.tokenizer->files) {
    files[name] = archive.ReadExtraFile(name);
  }
  return MakeTokenizer(metadata.tokenizer->kind, files);
}

// A sentence ready for the model, and its place in the caller's list.
struct Input {
  std::size_t index;
  TokenIds tokens;
};

// The first error with its sentence's number, if there is one.
std::optional<std::string> FindError(const std::vector<Outcome>& outcomes) {
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    const std::string& error = outcomes[i].error;
    if (!error.empty()) return "Sentence " + std::to_string(i) + " (0-based): " + error;
  }
  return std::nullopt;
}

Prediction ToPrediction(ModelOutput output, const std::vector<std::string>& labels) {
  Prediction prediction;
  prediction.logits = std::move(output.logits);
  const std::vector<float>& logits = prediction.logits;
  if (logits.size() != labels.size()) {
    throw std::runtime_error("The model gave " + std::to_string(logits.size()) + " logits for " +
                             std::to_string(labels.size()) + " labels. Export it again.");
  }
  for (const float logit : logits) {
    if (!std::isfinite(logit)) throw std::runtime_error("The model's logits are not finite.");
  }
  const auto best = std::max_element(logits.begin(), logits.end());
  double total = 0.0;  // softmax, relative to the largest
  for (const float logit : logits) total += std::exp(static_cast<double>(logit) - *best);
  prediction.label = labels[static_cast<std::size_t>(best - logits.begin())];
  prediction.probability = 1.0 / total;
  prediction.exit_layer = output.exit_layer;
  prediction.entropy = output.entropy;
  return prediction;
}

}  // namespace

class Classifier::Impl {
 public:
  Impl(const ClassifierOptions& options, const Archive& archive)
      : metadata_(ParseMetadata(archive.ReadExtraFile("metadata.json"))),
        threshold_(ChooseThreshold(options, metadata_)),
        batch_size_(static_cast<std::size_t>(options.batch_size)),
        encoder_(metadata_, ReadTokenizer(archive, metadata_)),
        model_(options.model_path, options.device, options.threads) {}

  const Metadata& metadata() const { return metadata_; }

  // Encodes what can be encoded; the rest gets its error.
  std::vector<Input> Encode(const std::vector<Sentence>& sentences,
                            std::vector<Outcome>* outcomes) const;

  // Answers all inputs, in batches of similar length so that little padding is computed.
  void Predict(std::vector<Input> inputs, std::vector<Outcome>* outcomes) const;

 private:
  void PredictBatch(const Input* first, std::size_t size, std::vector<Outcome>* outcomes) const;

  Metadata metadata_;
  std::optional<double> threshold_;
  std::size_t batch_size_;
  SentenceEncoder encoder_;
  ScriptedModel model_;
};

std::vector<Input> Classifier::Impl::Encode(const std::vector<Sentence>& sentences,
                                            std::vector<Outcome>* outcomes) const {
  std::vector<Input> inputs;
  for (std::size_t i = 0; i < sentences.size(); ++i) {
    try {
      inputs.push_back({i, encoder_.Encode(sentences[i])});
    } catch (const std::invalid_argument& error) {
      (*outcomes)[i].error = error.what();
    }
  }
  return inputs;
}

void Classifier::Impl::Predict(std::vector<Input> inputs, std::vector<Outcome>* outcomes) const {
  std::stable_sort(inputs.begin(), inputs.end(), [](const Input& a, const Input& b) {
    return a.tokens.size() < b.tokens.size();
  });
  for (std::size_t start = 0; start < inputs.size(); start += batch_size_) {
    PredictBatch(&inputs[start], std::min(batch_size_, inputs.size() - start), outcomes);
  }
}

void Classifier::Impl::PredictBatch(const Input* first, std::size_t size,
                                    std::vector<Outcome>* outcomes) const {
  std::vector<const TokenIds*> batch;
  for (std::size_t i = 0; i < size; ++i) batch.push_back(&first[i].tokens);
  try {
    std::vector<ModelOutput> outputs = model_.Forward(batch, threshold_, metadata_.pad_token);
    for (std::size_t i = 0; i < size; ++i) {
      Outcome& outcome = (*outcomes)[first[i].index];
      outcome.prediction = ToPrediction(std::move(outputs.at(i)), metadata_.labels);
    }
  } catch (const std::runtime_error& error) {
    if (size == 1) {
      (*outcomes)[first->index] = {std::nullopt, error.what()};
      return;
    }
    // Alone, the others of the batch may still get their answers.
    for (std::size_t i = 0; i < size; ++i) PredictBatch(first + i, 1, outcomes);
  }
}

Classifier::Classifier(const ClassifierOptions& options) {
  options.Validate();
  impl_ = std::make_unique<Impl>(options, Archive(options.model_path));
}

Classifier::~Classifier() = default;

std::vector<Prediction> Classifier::Classify(const std::vector<Sentence>& sentences) const {
  std::vector<Outcome> outcomes(sentences.size());
  std::vector<Input> inputs = impl_->Encode(sentences, &outcomes);
  if (const auto bad = FindError(outcomes)) throw std::invalid_argument(*bad);
  impl_->Predict(std::move(inputs), &outcomes);
  if (const auto bad = FindError(outcomes)) throw std::runtime_error(*bad);
  std::vector<Prediction> predictions;
  predictions.reserve(outcomes.size());
  for (Outcome& outcome : outcomes) predictions.push_back(std::move(*outcome.prediction));
  return predictions;
}

std::vector<Outcome> Classifier::TryClassify(const std::vector<Sentence>& sentences) const {
  std::vector<Outcome> outcomes(sentences.size());
  impl_->Predict(impl_->Encode(sentences, &outcomes), &outcomes);
  return outcomes;
}

std::int64_t Classifier::n_layers() const { return impl_->metadata().n_layers; }

const Metadata& Classifier::metadata() const { return impl_->metadata(); }

}  // namespace early_exit
