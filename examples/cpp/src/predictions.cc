#include "predictions.h"

#include <algorithm>
#include <cmath>
#include <exception>
#include <new>
#include <stdexcept>

#include "printable.h"

namespace early_exit {
namespace {

constexpr std::size_t kLongestReason = 1000;

std::string WhatIsWrong(const EngineAnswer& answer, const Metadata& metadata) {
  const auto finite = [](float logit) { return std::isfinite(logit); };
  if (answer.logits.size() != metadata.labels.size()) {
    return "The model gave " + std::to_string(answer.logits.size()) + " logits for " +
           std::to_string(metadata.labels.size()) + " labels. Export it again.";
  }
  if (answer.exit_layer < 1 || answer.exit_layer > metadata.n_layers) {
    return "The model gave the exit layer " + std::to_string(answer.exit_layer) + " of " +
           std::to_string(metadata.n_layers) + ". Export it again.";
  }
  if (!std::all_of(answer.logits.begin(), answer.logits.end(), finite)) {
    return "The model's logits are not finite.";
  }
  return std::isfinite(answer.entropy) ? "" : "The model's entropy is not finite.";
}

RunError About(ErrorKind kind, const char* what) {
  const std::string message = Printable(what, kLongestReason);
  return {kind, message.empty() ? "The engine failed and gave no reason." : message};
}

}  // namespace

RunResult RunEngine(const Engine& engine, const std::vector<EngineInput>& inputs) {
  try {
    RunResult result{engine.Run(inputs), {}};
    if (result.answers.size() == inputs.size()) return result;
    const std::string message = "The model gave " + std::to_string(result.answers.size()) +
                                " answers to " + std::to_string(inputs.size()) + " sentences.";
    return {{}, {ErrorKind::kModel, message}};
  } catch (const EngineError& error) {
    const bool told = error.kind() != ErrorKind::kNone;
    return {{}, About(told ? error.kind() : ErrorKind::kModel, error.what())};
  } catch (const std::bad_alloc&) {
    return {{}, {ErrorKind::kOutOfMemory, "There is not enough memory for this batch."}};
  } catch (const std::length_error&) {
    return {{}, {ErrorKind::kOutOfMemory, "There is not enough memory for this batch."}};
  } catch (const std::exception& error) {
    return {{}, About(ErrorKind::kModel, error.what())};
  }
}

Outcome ToOutcome(const EngineAnswer& answer, const Metadata& metadata) {
  const std::string problem = WhatIsWrong(answer, metadata);
  if (!problem.empty()) return {std::nullopt, problem, ErrorKind::kModel};
  const auto& logits = answer.logits;
  const auto best = std::max_element(logits.begin(), logits.end());
  double total = 0.0;  // softmax, relative to the largest
  for (const float logit : logits) total += std::exp(static_cast<double>(logit) - *best);
  Prediction prediction;
  prediction.label = metadata.labels[static_cast<std::size_t>(best - logits.begin())];
  prediction.probability = 1.0 / total;
  prediction.exit_layer = answer.exit_layer;
  prediction.entropy = answer.entropy;
  prediction.logits = logits;
  return {std::move(prediction), "", ErrorKind::kNone};
}

void CheckFit(const Metadata& encoder, const Metadata& engine) {
  try {
    engine.Validate();
  } catch (const std::runtime_error& error) {
    throw std::invalid_argument(std::string("`engine` must have valid metadata: ") + error.what());
  }
  const bool fits = encoder.vocab_size == engine.vocab_size &&
                    encoder.pad_token == engine.pad_token &&
                    encoder.max_tokens <= engine.max_positions && encoder.pair == engine.pair &&
                    encoder.layout.init_token == engine.layout.init_token &&
                    encoder.layout.eos_token == engine.layout.eos_token &&
                    encoder.layout.separator_token == engine.layout.separator_token;
  if (fits) return;
  throw std::invalid_argument(
      "`encoder` must make the engine's inputs, but was made for another vocabulary or task; take "
      "both from one archive.");
}

}  // namespace early_exit
