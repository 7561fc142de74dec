#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "early_exit/tokenizer.h"

namespace early_exit {

// What the model says about one sentence.
struct ModelOutput {
  std::vector<float> logits;
  std::int64_t exit_layer = 0;
  double entropy = 0.0;
};

// The TorchScript module of an archive: the one class that knows of torch. Safe to call from many
// threads.
class ScriptedModel {
 public:
  // Throws std::invalid_argument for a device that is not there, std::runtime_error for an archive
  // that cannot be loaded. `threads` is set for the whole process; 0 leaves it alone.
  ScriptedModel(const std::string& path, const std::string& device, std::int64_t threads);
  ~ScriptedModel();

  // One forward pass over valid, non-empty inputs; none as `threshold`: the archive's default.
  // Throws std::runtime_error with one line that says what the module raised.
  std::vector<ModelOutput> Forward(const std::vector<const TokenIds*>& inputs,
                                   std::optional<double> threshold, std::int64_t pad_token) const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace early_exit
