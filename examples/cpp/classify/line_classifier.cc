#include "line_classifier.h"

#include <algorithm>
#include <exception>
#include <new>
#include <numeric>
#include <stdexcept>
#include <utility>

#include "line_format.h"
#include "parallel.h"

namespace early_exit::classify {

LineClassifier::LineClassifier(const Classifier& classifier, bool tokens, std::size_t batch_size,
                               std::size_t n_threads)
    : classifier_(classifier), tokens_(tokens), batch_size_(batch_size), n_threads_(n_threads) {}

std::vector<Outcome> LineClassifier::Classify(const std::vector<std::string>& lines) const {
  // Parts of lines of similar length, so that each thread computes little padding; the longest
  // first, so that none of them is started last.
  std::vector<std::size_t> order(lines.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return lines[a].size() > lines[b].size(); });
  // Alone, a thread had better sort by tokens, which the classifier does.
  const std::size_t part = n_threads_ > 1 ? batch_size_ : std::max<std::size_t>(lines.size(), 1);
  std::vector<Outcome> outcomes(lines.size());
  ForEach((lines.size() + part - 1) / part, n_threads_, [&](std::size_t i) {
    const std::size_t first = i * part;
    ClassifyPart(lines, &order[first], std::min(part, lines.size() - first), &outcomes);
  });
  return outcomes;
}

void LineClassifier::ClassifyPart(const std::vector<std::string>& lines, const std::size_t* order,
                                  std::size_t size, std::vector<Outcome>* outcomes) const try {
  std::vector<Sentence> sentences;
  std::vector<std::size_t> origins;  // line of each sentence
  for (std::size_t i = 0; i < size; ++i) {
    const std::string& line = lines[order[i]];
    try {
      sentences.push_back(tokens_ ? ParseTokens(line) : ParseText(line));
      origins.push_back(order[i]);
    } catch (const std::invalid_argument& error) {
      (*outcomes)[order[i]] = {std::nullopt, error.what(), ErrorKind::kBadInput};
    }
  }
  std::vector<Outcome> answered = classifier_.TryClassify(sentences);
  for (std::size_t i = 0; i < answered.size(); ++i) {
    (*outcomes)[origins[i]] = std::move(answered[i]);
  }
} catch (const std::exception& error) {
  // What is thrown for no line in particular, such as a lack of memory for all of them.
  const bool memory = dynamic_cast<const std::bad_alloc*>(&error) != nullptr;
  for (std::size_t i = 0; i < size; ++i) {
    Outcome& outcome = (*outcomes)[order[i]];
    if (outcome.prediction || !outcome.error.empty()) continue;
    outcome = {std::nullopt, memory ? "There is not enough memory." : error.what(),
               memory ? ErrorKind::kOutOfMemory : ErrorKind::kModel};
  }
}

}  // namespace early_exit::classify
