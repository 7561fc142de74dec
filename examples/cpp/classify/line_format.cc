#include "line_format.h"

#include <array>
#include <charconv>
#include <cstdio>
#include <stdexcept>

namespace early_exit::classify {

Sentence ParseText(std::string_view line) {
  const std::size_t tab = line.find('\t');
  if (tab == std::string_view::npos) return std::string(line);
  if (line.find('\t', tab + 1) != std::string_view::npos) {
    throw std::invalid_argument(
        "A line must hold one text, or two separated by one tab, but has more tabs.");
  }
  return TextPair{std::string(line.substr(0, tab)), std::string(line.substr(tab + 1))};
}

Sentence ParseTokens(std::string_view line) {
  TokenIds tokens;
  while (!line.empty()) {
    if (line.front() == ' ') {
      line.remove_prefix(1);
      continue;
    }
    const std::string_view word = line.substr(0, line.find(' '));
    std::int64_t token = 0;
    const char* end = word.data() + word.size();
    const auto [stop, error] = std::from_chars(word.data(), end, token);
    if (error != std::errc() || stop != end) {
      throw std::invalid_argument("A token id must be an integer, but is '" + std::string(word) +
                                  "' instead.");
    }
    tokens.push_back(token);
    line.remove_prefix(word.size());
  }
  return tokens;
}

std::string FormatOutcome(const Outcome& outcome) {
  if (!outcome.prediction) {
    std::string reason = outcome.error;
    for (char& c : reason) {
      if (static_cast<unsigned char>(c) < 0x20) c = ' ';  // one line, two columns, whatever it says
    }
    return "ERROR\t" + reason + "\n";
  }
  const Prediction& prediction = *outcome.prediction;
  std::array<char, 32> probability{};
  std::snprintf(probability.data(), probability.size(), "%.6f", prediction.probability);
  return prediction.label + "\t" + probability.data() + "\t" +
         std::to_string(prediction.exit_layer) + "\n";
}

}  // namespace early_exit::classify
