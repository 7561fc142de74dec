#include "module_checks.h"

#include <map>
#include <sstream>
#include <stdexcept>

namespace early_exit {
namespace {

// Of bfloat16, in batches of one and of two.
constexpr double kSameLogits = 0.1;

[[noreturn]] void Fail(const std::string& message) { throw std::runtime_error(message); }

std::string Describe(const torch::IValue& value) {
  if (!value.isTensor()) return value.tagKind();
  std::ostringstream text;
  text << value.toTensor().scalar_type() << " " << value.toTensor().sizes();
  return text.str();
}

torch::Tensor CheckTensor(const char* name, const torch::IValue& value, torch::ScalarType dtype,
                          const std::vector<std::int64_t>& shape) {
  if (value.isTensor() && value.toTensor().layout() == torch::kStrided &&
      value.toTensor().scalar_type() == dtype && value.toTensor().sizes() == shape) {
    return value.toTensor();
  }
  std::ostringstream wanted;
  wanted << dtype << " " << c10::IntArrayRef(shape);
  Fail(std::string("`") + name + "` must be " + wanted.str() + ", but is " + Describe(value) +
       " instead. Export the archive again.");
}

}  // namespace

ModuleOutput CheckOutput(const torch::IValue& result, std::int64_t n_sentences,
                         std::int64_t n_labels) {
  if (!result.isTuple() || result.toTupleRef().elements().size() != 3) {
    Fail("`forward` must give logits, exit layers and entropies, but gives " + Describe(result) +
         " instead. Export the archive again.");
  }
  const auto& elements = result.toTupleRef().elements();
  return {CheckTensor("logits", elements[0], torch::kFloat32, {n_sentences, n_labels}),
          CheckTensor("exit_layer", elements[1], torch::kInt64, {n_sentences}),
          CheckTensor("entropy", elements[2], torch::kFloat32, {n_sentences})};
}

void CheckDtype(const torch::jit::Module& module, const std::string& dtype) {
  const std::map<std::string, torch::ScalarType> known{
      {"float32", torch::kFloat32}, {"bfloat16", torch::kBFloat16}, {"float16", torch::kFloat16}};
  const auto wanted = known.find(dtype);
  if (wanted == known.end()) return;  // int8: its weights are packed
  bool has_weights = false, found = false;
  for (const torch::Tensor& weight : module.parameters()) {
    has_weights = has_weights || weight.is_floating_point();
    found = found || weight.scalar_type() == wanted->second;
  }
  if (has_weights && !found) {
    Fail("`dtype` is " + dtype + " there, but no weight is. Export the archive again.");
  }
}

void CheckExits(const std::vector<EngineAnswer>& answers, const Metadata& metadata) {
  if (answers[0].exit_layer != metadata.n_layers) {
    Fail("with the parameter `never` a sentence must leave at layer " +
         std::to_string(metadata.n_layers) + " (`n_layers`), but leaves at layer " +
         std::to_string(answers[0].exit_layer) + " instead. Export the archive again.");
  }
  if (answers[1].exit_layer != metadata.min_exit_layer) {
    Fail("with the `sign` of its policy a sentence must be able to leave at layer " +
         std::to_string(metadata.min_exit_layer) + ", but leaves at layer " +
         std::to_string(answers[1].exit_layer) + " instead. Export the archive again.");
  }
}

void CheckExitLogits(const torch::IValue& exit_logits, const torch::Tensor& full_depth,
                     const Metadata& metadata) {
  const torch::Tensor logits =
      CheckTensor("exit_logits", exit_logits, torch::kFloat32,
                  {1, metadata.n_layers, static_cast<std::int64_t>(metadata.labels.size())});
  const torch::Tensor difference = (logits[0][-1] - full_depth).abs();
  if ((difference > kSameLogits * (1 + full_depth.abs())).any().item<bool>()) {
    Fail(
        "the last of `exit_logits` must be what `forward` gives at full depth, but differs. "
        "Export the archive again.");
  }
}

}  // namespace early_exit
