// An archive needs nothing of ours: plain libtorch loads it and classifies token ids.
#include <torch/script.h>

#include <iostream>
#include <string>
#include <vector>

int main(int argc, char** argv) try {
  if (argc < 3) throw std::invalid_argument("usage: minimal model.pt ID [ID ...]");
  torch::jit::Module model = torch::jit::load(argv[1], torch::kCPU);
  std::vector<std::int64_t> ids;
  for (int i = 2; i < argc; ++i) ids.push_back(std::stoll(argv[i]));
  const torch::NoGradGuard no_grad;
  const auto result = model.forward({torch::tensor(ids).unsqueeze(0)}).toTuple();
  std::cout << "logits " << result->elements()[0].toTensor() << "\nexit layer "
            << result->elements()[1].toTensor().item<std::int64_t>() << "\n";
} catch (const std::exception& error) {
  std::cerr << error.what() << "\n";
  return 2;
}
