#include "line_format.h"

#include <array>
#include <charconv>
#include <cstdio>
#include <stdexcept>

#include "printable.h"

namespace early_exit::classify {
namespace {

constexpr std::string_view kError = "ERROR";
constexpr std::size_t kLongestReason = 1000;

std::string EscapeOf(unsigned char byte) {
  constexpr char kDigits[] = "0123456789ABCDEF";
  return {'\\', 'x', kDigits[byte >> 4], kDigits[byte & 0xF]};
}

}  // namespace

Sentence ParseText(std::string_view line) {
  const std::size_t tab = line.find('\t');
  if (tab == std::string_view::npos) return Sentence(std::string(line));
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
      throw std::invalid_argument("A token id must be an integer, but is '" + Printable(word) +
                                  "' instead.");
    }
    tokens.push_back(token);
    line.remove_prefix(word.size());
  }
  return Sentence(std::move(tokens));
}

std::string FormatLabel(std::string_view label) {
  std::string text;
  for (const char c : label) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte == '\\') {
      text += "\\\\";
    } else if (byte < 0x20 || byte == 0x7F || (text.empty() && label == kError)) {
      text += EscapeOf(byte);
    } else {
      text += c;
    }
  }
  return text;
}

std::string FormatOutcome(const Outcome& outcome) {
  if (!outcome.prediction) {
    const std::string reason = Printable(outcome.error, kLongestReason);
    return std::string(kError) + "\t" + (reason.empty() ? "No reason was given." : reason) + "\n";
  }
  const Prediction& prediction = *outcome.prediction;
  std::array<char, 32> probability{};
  std::snprintf(probability.data(), probability.size(), "%.6f", prediction.probability);
  return FormatLabel(prediction.label) + "\t" + probability.data() + "\t" +
         std::to_string(prediction.exit_layer) + "\n";
}

}  // namespace early_exit::classify
