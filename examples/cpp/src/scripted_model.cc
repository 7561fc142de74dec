#include "scripted_model.h"

#include <ATen/Parallel.h>
#include <torch/cuda.h>
#include <torch/script.h>

#include <algorithm>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <utility>

namespace early_exit {
namespace {

// The line of an error that names its cause. TorchScript's own reports are traces, after which the
// cause starts a line of its own; other messages start with it and may go on with hints.
std::string Explain(const std::exception& error) {
  const auto* c10_error = dynamic_cast<const c10::Error*>(&error);
  std::string_view text = c10_error ? c10_error->what_without_backtrace() : error.what();
  for (const std::string_view cause : {"\nRuntimeError: ", "\nbuiltins.ValueError: "}) {
    const std::size_t start = text.rfind(cause);
    if (start != std::string_view::npos) text.remove_prefix(start + cause.size());
  }
  return std::string(text.substr(0, text.find('\n')));
}

// The profiling executor records shapes in a module's first calls and compiles for them, again in
// the second call; without it the one compilation of the first call serves all shapes. These modes
// belong to the process, not to a module, so they are set before the first one is loaded.
void SetExecutorModes() {
  static std::once_flag once;
  std::call_once(once, [] {
    torch::jit::getExecutorMode() = true;
    torch::jit::getProfilingMode() = false;
  });
}

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
                              name + "' instead.");
}

torch::jit::Module Load(const std::string& path, const torch::Device& device) {
  try {
    torch::jit::Module module = torch::jit::load(path, device);
    module.eval();
    return module;
  } catch (const std::exception& error) {
    throw std::runtime_error("The archive '" + path + "' cannot be loaded: " + Explain(error));
  }
}

// Right-padded ids (B, T).
torch::Tensor ToTensor(const std::vector<const TokenIds*>& inputs, std::int64_t pad_token) {
  std::size_t longest = 0;
  for (const TokenIds* input : inputs) longest = std::max(longest, input->size());
  torch::Tensor tokens =
      torch::full({static_cast<std::int64_t>(inputs.size()), static_cast<std::int64_t>(longest)},
                  pad_token, torch::kInt64);
  auto* row = tokens.mutable_data_ptr<std::int64_t>();
  for (const TokenIds* input : inputs) {
    std::copy(input->begin(), input->end(), row);
    row += longest;
  }
  return tokens;
}

std::vector<ModelOutput> ToOutputs(const torch::IValue& result) {
  const auto& elements = result.toTupleRef().elements();
  const torch::Tensor logits = elements.at(0).toTensor().to(torch::kCPU).contiguous();
  const torch::Tensor exit_layer = elements.at(1).toTensor().to(torch::kCPU).contiguous();
  const torch::Tensor entropy = elements.at(2).toTensor().to(torch::kCPU).contiguous();
  const auto* next_logit = logits.const_data_ptr<float>();
  std::vector<ModelOutput> outputs(static_cast<std::size_t>(logits.size(0)));
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    outputs[i].logits.assign(next_logit, next_logit + logits.size(1));
    next_logit += logits.size(1);
    outputs[i].exit_layer = exit_layer.const_data_ptr<std::int64_t>()[i];
    outputs[i].entropy = entropy.const_data_ptr<float>()[i];
  }
  return outputs;
}

}  // namespace

class ScriptedModel::Impl {
 public:
  Impl(const std::string& path, const std::string& device)
      : device_(ParseDevice(device)), forward_(Load(path, device_).get_method("forward")) {}

  std::vector<ModelOutput> Forward(const std::vector<const TokenIds*>& inputs,
                                   std::optional<double> threshold, std::int64_t pad_token) const {
    const c10::InferenceMode guard;
    at::get_num_threads();  // in a new thread, makes the number that was set for all count there
                            // too
    try {
      std::vector<torch::IValue> arguments{ToTensor(inputs, pad_token).to(device_)};
      if (threshold) {
        arguments.emplace_back(
            torch::full({}, *threshold, torch::dtype(torch::kFloat64)).to(device_));
      }
      return ToOutputs(forward_(std::move(arguments)));
    } catch (const std::exception& error) {
      throw std::runtime_error("The model failed: " + Explain(error));
    }
  }

 private:
  torch::Device device_;
  torch::jit::Method forward_;  // owns the module
};

ScriptedModel::ScriptedModel(const std::string& path, const std::string& device,
                             std::int64_t threads) {
  SetExecutorModes();
  if (threads > 0) at::set_num_threads(static_cast<int>(threads));
  impl_ = std::make_unique<Impl>(path, device);
}

ScriptedModel::~ScriptedModel() = default;

std::vector<ModelOutput> ScriptedModel::Forward(const std::vector<const TokenIds*>& inputs,
                                                std::optional<double> threshold,
                                                std::int64_t pad_token) const {
  return impl_->Forward(inputs, threshold, pad_token);
}

}  // namespace early_exit
