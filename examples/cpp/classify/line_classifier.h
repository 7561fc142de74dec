#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "early_exit/classifier.h"

namespace early_exit::classify {

// Classifies many lines on several threads.
class LineClassifier {
 public:
  // `tokens`: lines hold token ids instead of text.
  LineClassifier(const Classifier& classifier, bool tokens, std::size_t batch_size,
                 std::size_t n_threads);

  // One outcome per line, in order. Nothing is thrown for a line.
  std::vector<Outcome> Classify(const std::vector<std::string>& lines) const;

 private:
  // Answers lines[order[first]] and the `size - 1` lines that follow in that order.
  void ClassifyPart(const std::vector<std::string>& lines, const std::size_t* order,
                    std::size_t size, std::vector<Outcome>* outcomes) const;

  const Classifier& classifier_;
  bool tokens_;
  std::size_t batch_size_;
  std::size_t n_threads_;
};

}  // namespace early_exit::classify
