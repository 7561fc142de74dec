#include <early_exit/classifier.h>

#include <iostream>

#if __cplusplus >= 202002L || defined(TORCH_API)
#error "the public headers must do with C++17 and without torch"
#endif

int main(int argc, char** argv) try {
  early_exit::ClassifierOptions options;
  options.model_path = argc > 1 ? argv[1] : "";
  const early_exit::Classifier classifier(options);
  for (const auto& prediction : classifier.Classify({"a fine film", "dull and much too long"})) {
    std::cout << prediction.label << " " << prediction.probability << " at exit "
              << prediction.exit_layer << " of " << classifier.n_layers() << "\n";
  }
} catch (const std::exception& error) {
  std::cerr << error.what() << "\n";
  return 2;
}
