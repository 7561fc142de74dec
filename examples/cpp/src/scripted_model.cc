#include "scripted_model.h"

#include <ATen/Parallel.h>
#include <torch/script.h>

#include <algorithm>
#include <mutex>
#include <stdexcept>
#include <string_view>
#include <utility>

namespace early_exit {
namespace {

// TorchScript's own report ends in the line that names the cause; what stands before it is a trace.
std::string LastLine(std::string_view text) {
  while (!text.empty() && text.back() == '\n') text.remove_suffix(1);
  const std::size_t end = text.rfind('\n');
  return std::string(end == std::string_view::npos ? text : text.substr(end + 1));
}

std::string Explain(const std::exception& error) {
  if (const auto* c10_error = dynamic_cast<const c10::Error*>(&error)) {
    return LastLine(c10_error->what_without_backtrace());
  }
  return LastLine(error.what());
}

void SetExecutorModes() {
  static std::once_flag once;
  std::call_once(once, [] { torch::jit::getProfilingMode() = false; });
}

torch::Device ParseDevice(const std::string& name) {
  try {
    const torch::Device device(name);
    torch::empty({1}, device);  // fails if this machine or this libtorch lacks it
    return device;
  } catch (const std::exception& error) {
    throw std::invalid_argument("`device` must be one that this machine and this libtorch have, " +
                                ("but is '" + name + "' instead (" + Explain(error) + ")."));
  }
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
    std::vector<torch::IValue> arguments{ToTensor(inputs, pad_token).to(device_)};
    if (threshold) {
      arguments.emplace_back(
          torch::full({}, *threshold, torch::dtype(torch::kFloat64)).to(device_));
    }
    try {
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
