#pragma once

#include <torch/script.h>

#include <cstdint>
#include <string>
#include <vector>

#include "early_exit/engine.h"

namespace early_exit {

// What `forward` of an archive gives for B sentences and C labels.
struct ModuleOutput {
  torch::Tensor logits;      // fp32 (B, C)
  torch::Tensor exit_layer;  // int64 (B,)
  torch::Tensor entropy;     // fp32 (B,)
};

// Throws std::runtime_error if a result is anything else.
ModuleOutput CheckOutput(const torch::IValue& result, std::int64_t n_sentences,
                         std::int64_t n_labels);

// Throws std::runtime_error if the module's weights are not of the dtype that the metadata says.
void CheckDtype(const torch::jit::Module& module, const std::string& dtype);

// `answers` are those to the parameter that never leaves early, and to one that leaves at the first
// exit that is checked. Throws std::runtime_error if they left elsewhere: the layers, `never` or
// the sign of the metadata are not the module's.
void CheckExits(const std::vector<EngineAnswer>& answers, const Metadata& metadata);

// Throws std::runtime_error if the logits of all exits (B, L, C) of one sentence do not have one
// for each layer and label, or if the last ones are not `full_depth`, (C,).
void CheckExitLogits(const torch::IValue& exit_logits, const torch::Tensor& full_depth,
                     const Metadata& metadata);

}  // namespace early_exit
