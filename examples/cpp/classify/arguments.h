#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "early_exit/classifier.h"

namespace early_exit::classify {

extern const char kHelp[];

struct Arguments {
  ClassifierOptions classifier;
  std::int64_t threads = 0;  // forward passes at a time; 0: for the program to choose
  bool tokens = false;       // lines hold token ids instead of text
  bool help = false;
};

// Parses the words after the program's name. Throws std::invalid_argument: what is wrong, the
// value, the remedy.
Arguments ParseArguments(const std::vector<std::string>& words);

}  // namespace early_exit::classify
