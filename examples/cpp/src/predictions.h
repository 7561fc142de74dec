#pragma once

#include <string>
#include <vector>

#include "early_exit/classifier.h"

namespace early_exit {

struct RunError {
  ErrorKind kind = ErrorKind::kNone;
  std::string message;
};

struct RunResult {
  std::vector<EngineAnswer> answers;  // one for each input, unless there is an error
  RunError error;
};

// Runs an engine of whatever kind; nothing that it throws gets out, and a wrong number of answers
// is an error of the model.
RunResult RunEngine(const Engine& engine, const std::vector<EngineInput>& inputs);

// A prediction, or what is wrong with this answer alone: the number of its logits, a layer that is
// none, numbers that are not finite.
Outcome ToOutcome(const EngineAnswer& answer, const Metadata& metadata);

// Throws std::invalid_argument if ids made under `encoder`'s metadata are not for the engine.
void CheckFit(const Metadata& encoder, const Metadata& engine);

}  // namespace early_exit
