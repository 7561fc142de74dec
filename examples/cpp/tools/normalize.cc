// normalize nfd|nfkd|lower|nonspacing|marks|FILE.model: reads one JSON string a line, writes the
// code points of its decomposition or of its lower case, or of it without such marks, or of what
// that sentencepiece model makes of it before it is cut, separated by spaces. For comparing with
// other implementations: stops at the first line that is no JSON string.

#include <exception>
#include <fstream>
#include <functional>
#include <iostream>
#include <iterator>
#include <map>
#include <stdexcept>
#include <string>

#include "json.h"
#include "piece_normalizer.h"
#include "sentence_piece_model.h"
#include "unicode_normalization.h"
#include "utf8.h"

namespace {

using Normalize = std::function<std::u32string(const std::u32string&)>;

Normalize ReadModel(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error("The file '" + path + "' cannot be read.");
  const std::string content(std::istreambuf_iterator<char>(file), {});
  const early_exit::PieceNormalizer normalizer(early_exit::ReadSentencePieceModel(path, content));
  return [normalizer](const std::u32string& text) {
    std::string utf8;
    for (const char32_t code : text) early_exit::AppendUtf8(code, &utf8);
    return early_exit::DecodeAllUtf8(normalizer.Normalize(utf8));
  };
}

std::u32string Without(bool (*unwanted)(char32_t), const std::u32string& text) {
  std::u32string kept;
  for (const char32_t code : text) {
    if (!unwanted(code)) kept += code;
  }
  return kept;
}

Normalize Choose(const std::string& name) {
  using early_exit::Decomposition;
  const auto decompose = [](Decomposition kind) {
    return [kind](const std::u32string& text) { return early_exit::Decompose(text, kind); };
  };
  const auto strip = [](bool (*unwanted)(char32_t)) {
    return [unwanted](const std::u32string& text) { return Without(unwanted, text); };
  };
  const std::map<std::string, Normalize> choices{
      {"nfd", decompose(Decomposition::kCanonical)},
      {"nfkd", decompose(Decomposition::kCompatibility)},
      {"lower", early_exit::LowerCase},
      {"nonspacing", strip(early_exit::IsNonspacingMark)},
      {"marks", strip(early_exit::IsMark)}};
  const auto found = choices.find(name);
  if (found != choices.end()) return found->second;
  if (name.find(".model") != std::string::npos) return ReadModel(name);
  throw std::invalid_argument("usage: normalize nfd|nfkd|lower|nonspacing|marks|FILE.model");
}

void Run(const Normalize& normalize) {
  std::string line;
  while (std::getline(std::cin, line)) {
    const char* separator = "";
    const std::string text = early_exit::Json::Parse(line).string();
    for (const char32_t code : normalize(early_exit::DecodeAllUtf8(text))) {
      std::cout << separator << static_cast<std::uint32_t>(code);
      separator = " ";
    }
    std::cout << "\n";
  }
}

}  // namespace

int main(int argc, char** argv) try {
  std::ios::sync_with_stdio(false);
  Run(Choose(argc == 2 ? argv[1] : ""));
} catch (const std::exception& error) {
  std::cerr << "normalize: " << error.what() << "\n";
  return 2;
}
