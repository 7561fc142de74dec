#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "early_exit/archive.h"
#include "early_exit/errors.h"
#include "early_exit/export.h"
#include "early_exit/metadata.h"
#include "early_exit/tokenizer.h"

namespace early_exit {

// One sentence for an engine: what a TextEncoder gives, and the policy's parameter for it.
struct EngineInput {
  TokenIds tokens;
  double parameter = 0.0;
};

// What a model says about one sentence.
struct EngineAnswer {
  std::vector<float> logits;    // one for each label, before softmax
  std::int64_t exit_layer = 0;  // 1-based
  double entropy = 0.0;         // of the answering exit, in nats
};

// Runs a model of one artefact format: token ids in, answers out. A new format is one class.
class EARLY_EXIT_EXPORT Engine {
 public:
  Engine() = default;
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;
  virtual ~Engine();

  virtual const Metadata& metadata() const = 0;

  // One forward pass; one answer for each input, in order. Safe to call from many threads. Throws
  // EngineError, whose message is one line.
  virtual std::vector<EngineAnswer> Run(const std::vector<EngineInput>& inputs) const = 0;
};

// A TorchScript archive on libtorch.
class EARLY_EXIT_EXPORT TorchScriptEngine : public Engine {
 public:
  // `device` is cpu, cuda or cuda:N. Two rows are classified, and whether what comes back fits the
  // metadata is checked: shapes, dtypes, classes, layers, and what the policy's parameters do.
  // Throws std::invalid_argument for a device that is not there, std::runtime_error for an archive
  // that cannot be loaded or contradicts its metadata.
  explicit TorchScriptEngine(const Archive& archive, const std::string& device = "cpu");
  ~TorchScriptEngine() override;

  const Metadata& metadata() const override;
  std::vector<EngineAnswer> Run(const std::vector<EngineInput>& inputs) const override;

 private:
  class Impl;  // keeps torch's headers out of every includer
  std::unique_ptr<Impl> impl_;
};

// The engine for an archive's format.
EARLY_EXIT_EXPORT std::unique_ptr<Engine> LoadEngine(const Archive& archive,
                                                     const std::string& device = "cpu");

}  // namespace early_exit
