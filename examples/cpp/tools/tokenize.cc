// tokenize KIND FILE...: reads one JSON string a line, writes its token ids, separated by spaces.
// For comparing with other tokenizers: stops at the first line that is no JSON string.

#include <exception>
#include <fstream>
#include <iostream>
#include <iterator>
#include <stdexcept>
#include <string>

#include "early_exit/tokenizer.h"
#include "json.h"

namespace {

// Reads files under the names that they have on disk.
early_exit::TokenizerFiles ReadFiles(char** first, char** last) {
  early_exit::TokenizerFiles files;
  for (; first != last; ++first) {
    const std::string path = *first;
    std::ifstream file(path, std::ios::binary);
    if (!file) throw std::runtime_error("The file '" + path + "' cannot be read.");
    const std::string name = path.substr(path.rfind('/') + 1);
    files[name] = std::string(std::istreambuf_iterator<char>(file), {});
  }
  return files;
}

void Run(const early_exit::Tokenizer& tokenizer) {
  std::string line;
  while (std::getline(std::cin, line)) {
    const char* separator = "";
    for (const std::int64_t id : tokenizer.Encode(early_exit::Json::Parse(line).string())) {
      std::cout << separator << id;
      separator = " ";
    }
    std::cout << "\n";
  }
}

}  // namespace

int main(int argc, char** argv) try {
  std::ios::sync_with_stdio(false);
  if (argc < 3) throw std::invalid_argument("usage: tokenize KIND FILE...");
  Run(*early_exit::MakeTokenizer(argv[1], ReadFiles(argv + 2, argv + argc)));
} catch (const std::exception& error) {
  std::cerr << "tokenize: " << error.what() << "\n";
  return 2;
}
