// normalize nfd|nfkd|lower|nonspacing|marks: reads one JSON string a line, writes the code points
// of its decomposition or of its lower case, or of it without such marks, separated by spaces. For
// comparing with other implementations: stops at the first line that is no JSON string.

#include <exception>
#include <functional>
#include <iostream>
#include <map>
#include <stdexcept>
#include <string>

#include "json.h"
#include "unicode_normalization.h"
#include "utf8.h"

namespace {

using Normalize = std::function<std::u32string(const std::u32string&)>;

std::u32string Without(bool (*unwanted)(char32_t), const std::u32string& text) {
  std::u32string kept;
  for (const char32_t code : text) {
    if (!unwanted(code)) kept += code;
  }
  return kept;
}

std::u32string Lower(const std::u32string& text) {
  std::u32string lower;
  for (const char32_t code : text) early_exit::AppendLower(code, lower);
  return lower;
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
      {"lower", Lower},
      {"nonspacing", strip(early_exit::IsNonspacingMark)},
      {"marks", strip(early_exit::IsMark)}};
  const auto found = choices.find(name);
  if (found != choices.end()) return found->second;
  throw std::invalid_argument("usage: normalize nfd|nfkd|lower|nonspacing|marks");
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
