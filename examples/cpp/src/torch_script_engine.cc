#include <ATen/Parallel.h>
#include <torch/csrc/jit/runtime/jit_exception.h>
#include <torch/cuda.h>
#include <torch/script.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <new>
#include <optional>
#include <stdexcept>
#include <utility>

#include "archive_reader.h"
#include "early_exit/engine.h"
#include "module_checks.h"
#include "printable.h"
#include "torch_errors.h"

namespace early_exit {
namespace {

bool IsAvailable(const torch::Device& device) {
  if (device.is_cpu()) return device.index() <= 0;
  const int index = std::max<int>(device.index(), 0);  // plain `cuda` has none
  return device.is_cuda() && index < static_cast<int>(torch::cuda::device_count());
}

torch::Device ParseDevice(const std::string& name) {
  std::optional<torch::Device> device;
  try {
    device.emplace(name);
  } catch (const c10::Error&) {
    // no device's name: refused below
  }
  if (device && IsAvailable(*device)) return *device;
  throw std::invalid_argument("`device` must be cpu or one of the " +
                              std::to_string(torch::cuda::device_count()) +
                              " CUDA devices that this machine and this libtorch have (cuda, "
                              "cuda:0, ...), but is '" +
                              Printable(name) + "' instead.");
}

// What `action` gives. Whatever torch throws in it becomes a std::runtime_error about the archive.
template <typename Action>
auto AboutArchive(const Archive& archive, const char* problem, Action action) {
  try {
    return action();
  } catch (const std::exception& error) {
    throw std::runtime_error("The archive '" + Printable(archive.reader().path(), 1000) + "' " +
                             problem + ": " + ExplainTorchError(error));
  }
}

torch::jit::Module Load(const Archive& archive, const torch::Device& device) {
  return AboutArchive(archive, "cannot be loaded", [&] {
    torch::jit::Module module = torch::jit::load(archive.reader().adapter(), device);
    archive.reader().CheckUnchanged();
    module.eval();
    return module;
  });
}

// Right-padded ids (B, T).
torch::Tensor TokensOf(const std::vector<EngineInput>& inputs, std::int64_t pad_token) {
  std::size_t longest = 0;
  for (const EngineInput& input : inputs) longest = std::max(longest, input.tokens.size());
  torch::Tensor tokens =
      torch::full({static_cast<std::int64_t>(inputs.size()), static_cast<std::int64_t>(longest)},
                  pad_token, torch::dtype(torch::kInt64).device(torch::kCPU));
  auto* row = tokens.mutable_data_ptr<std::int64_t>();
  for (const EngineInput& input : inputs) {
    std::copy(input.tokens.begin(), input.tokens.end(), row);
    row += longest;
  }
  return tokens;
}

// The policy's parameters (B,).
torch::Tensor ParametersOf(const std::vector<EngineInput>& inputs) {
  torch::Tensor parameters = torch::empty({static_cast<std::int64_t>(inputs.size())},
                                          torch::dtype(torch::kFloat64).device(torch::kCPU));
  auto* next = parameters.mutable_data_ptr<double>();
  for (const EngineInput& input : inputs) *next++ = input.parameter;
  return parameters;
}

// All three outputs side by side, (B, C + 2) in fp32: one transfer out of the device. Layers are
// small whole numbers, which fp32 holds exactly.
std::vector<EngineAnswer> ToAnswers(const ModuleOutput& output) {
  const torch::Tensor packed =
      torch::cat({output.logits, output.exit_layer.to(torch::kFloat32).unsqueeze(1),
                  output.entropy.unsqueeze(1)},
                 1)
          .to(torch::kCPU)
          .contiguous();
  const std::int64_t n_columns = packed.size(1);
  const auto* row = packed.const_data_ptr<float>();
  std::vector<EngineAnswer> answers(static_cast<std::size_t>(packed.size(0)));
  for (EngineAnswer& answer : answers) {
    answer.logits.assign(row, row + n_columns - 2);
    answer.exit_layer = static_cast<std::int64_t>(row[n_columns - 2]);
    answer.entropy = row[n_columns - 1];
    row += n_columns;
  }
  return answers;
}

}  // namespace

class TorchScriptEngine::Impl {
 public:
  Impl(const Archive& archive, const std::string& device)
      : metadata_(archive.metadata()),
        device_(ParseDevice(device)),
        module_(Load(archive, device_)),
        forward_(AboutArchive(archive, "has no method `forward`",
                              [&] { return module_.get_method("forward"); })) {
    AboutArchive(archive, "contradicts its metadata", [&] {
      CheckOnce();
      return true;
    });
  }

  const Metadata& metadata() const { return metadata_; }

  std::vector<EngineAnswer> Run(const std::vector<EngineInput>& inputs) const {
    if (inputs.empty()) return {};
    const c10::InferenceMode guard;
    at::get_num_threads();  // in a new thread, makes the number that was set for all hold there too
    try {
      return ToAnswers(Forward(inputs));
    } catch (const std::exception& error) {
      throw EngineError(KindOfTorchError(error), "The model failed: " + ExplainTorchError(error));
    }
  }

 private:
  ModuleOutput Forward(const std::vector<EngineInput>& inputs) const {
    const auto n_labels = static_cast<std::int64_t>(metadata_.labels.size());
    std::vector<torch::IValue> arguments{TokensOf(inputs, metadata_.pad_token).to(device_),
                                         ParametersOf(inputs).to(device_)};
    return CheckOutput(forward_(std::move(arguments)), static_cast<std::int64_t>(inputs.size()),
                       n_labels);
  }

  // Two rows, of which one never leaves early and the other at the first exit that is checked.
  void CheckOnce() const {
    const c10::InferenceMode guard;
    CheckDtype(module_, metadata_.dtype);
    const TokenIds row{metadata_.layout.init_token, metadata_.layout.eos_token};
    const double always = -metadata_.policy.sign * std::numeric_limits<double>::infinity();
    const std::vector<EngineInput> inputs{{row, metadata_.policy.never}, {row, always}};
    const ModuleOutput output = Forward(inputs);
    CheckExits(ToAnswers(output), metadata_);
    if (!module_.find_method("exit_logits")) return;  // an archive of format 1
    const torch::Tensor tokens = TokensOf({inputs[0]}, metadata_.pad_token).to(device_);
    CheckExitLogits(module_.get_method("exit_logits")({tokens}), output.logits[0], metadata_);
  }

  Metadata metadata_;
  torch::Device device_;
  torch::jit::Module module_;
  torch::jit::Method forward_;
};

TorchScriptEngine::TorchScriptEngine(const Archive& archive, const std::string& device)
    : impl_(std::make_unique<Impl>(archive, device)) {}

TorchScriptEngine::~TorchScriptEngine() = default;

const Metadata& TorchScriptEngine::metadata() const { return impl_->metadata(); }

std::vector<EngineAnswer> TorchScriptEngine::Run(const std::vector<EngineInput>& inputs) const {
  return impl_->Run(inputs);
}

std::unique_ptr<Engine> LoadEngine(const Archive& archive, const std::string& device) {
  return std::make_unique<TorchScriptEngine>(archive, device);
}

}  // namespace early_exit
