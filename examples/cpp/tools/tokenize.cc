// tokenize KIND [--special-pieces JSON] FILE...: reads one JSON string a line, writes its token
// ids, separated by spaces. JSON is what an archive's metadata have under `special_pieces`; without
// it they are the kind's own. For comparing with other tokenizers: stops at the first line that is
// no JSON string.

#include <exception>
#include <fstream>
#include <iostream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <string_view>

#include "early_exit/tokenizer.h"
#include "json.h"
#include "metadata_reader.h"

namespace {

constexpr std::string_view kPiecesFlag = "--special-pieces";

early_exit::SpecialPieces ReadPieces(const std::string& text) {
  const early_exit::Json content = early_exit::Json::Parse(text);
  const early_exit::MemberReader pieces(content, "");
  return {pieces.OptionalString("bos"), pieces.OptionalString("pad"), pieces.OptionalString("eos"),
          pieces.OptionalString("unk"), pieces.OptionalString("mask")};
}

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
  const bool named = argc > 2 && argv[2] == kPiecesFlag;
  char** const files = argv + (named ? 4 : 2);
  if (argv + argc <= files) {
    throw std::invalid_argument("usage: tokenize KIND [--special-pieces JSON] FILE...");
  }
  const std::string kind = argv[1];
  Run(*early_exit::MakeTokenizer(
      kind, ReadFiles(files, argv + argc),
      named ? ReadPieces(argv[3]) : early_exit::DefaultSpecialPieces(kind)));
} catch (const std::exception& error) {
  std::cerr << "tokenize: " << error.what() << "\n";
  return 2;
}
