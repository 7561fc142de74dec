#include "arguments.h"

#include <charconv>
#include <optional>
#include <stdexcept>
#include <utility>

namespace early_exit::classify {

const char kHelp[] =
    R"(Classify the lines of standard input with an archive written by export/script.py.

usage: classify --model FILE [--threshold T | --speedup S] [--device cpu|cuda] [--batch N]
                [--threads N] [--tokens] < lines > tsv

  --model FILE    the archive
  --threshold T   leave at the first exit whose entropy (in nats) is below T; 0: never leave early
                  (default: the archive's default operating point)
  --speedup S     use the archive's operating point with this target speed-up instead
  --device D      where to compute: cpu, cuda or cuda:N (default: cpu)
  --batch N       most lines in one forward pass (default: 32)
  --threads N     threads inside one forward pass (default: torch's own choice)
  --tokens        lines hold space-separated token ids, special tokens included, instead of text
  --help          show this text

Each line is one text, or two texts separated by a tab if the model classifies pairs. For each line
`label<TAB>probability<TAB>exit_layer` is written, in order. A line that cannot be classified gives
`ERROR<TAB>reason` in its place. Answers are written as soon as the lines at hand are classified.

exit status: 0 every line classified; 1 some line not, or output not writable; 2 bad usage or archive
)";

namespace {

[[noreturn]] void Refuse(const std::string& message) {
  throw std::invalid_argument(message + " See classify --help.");
}

template <typename T>
T ParseNumber(const std::string& option, const std::string& value, const char* expected) {
  T number{};
  const char* end = value.data() + value.size();
  const auto [stop, error] = std::from_chars(value.data(), end, number);
  if (error != std::errc() || stop != end) {
    Refuse("`" + option + "` must be " + expected + ", but is '" + value + "' instead.");
  }
  return number;
}

// Sets the field that `option` names. Returns false if there is no such option.
bool SetOption(const std::string& option, const std::string& value, ClassifierOptions* options) {
  if (option == "--model") {
    options->model_path = value;
  } else if (option == "--threshold") {
    options->threshold = ParseNumber<double>(option, value, "a number (entropy in nats)");
  } else if (option == "--speedup") {
    options->target_speedup = ParseNumber<double>(option, value, "a number");
  } else if (option == "--device") {
    options->device = value;
  } else if (option == "--batch") {
    options->batch_size = ParseNumber<std::int64_t>(option, value, "an integer");
  } else if (option == "--threads") {
    options->threads = ParseNumber<std::int64_t>(option, value, "an integer");
  } else {
    return false;
  }
  return true;
}

// Splits `--name=value`; none as value: it is the next word.
std::pair<std::string, std::optional<std::string>> SplitWord(const std::string& word) {
  const std::size_t equals = word.find('=');
  if (equals == std::string::npos || word.rfind("--", 0) != 0) return {word, std::nullopt};
  return {word.substr(0, equals), word.substr(equals + 1)};
}

}  // namespace

Arguments ParseArguments(const std::vector<std::string>& words) {
  Arguments arguments;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (words[i] == "--help" || words[i] == "-h") {
      arguments.help = true;
      return arguments;
    }
    if (words[i] == "--tokens") {
      arguments.tokens = true;
      continue;
    }
    auto [option, value] = SplitWord(words[i]);
    const bool last = i + 1 == words.size();
    ClassifierOptions scratch;  // an unknown option is told as such, whatever follows it
    if (option == "--tokens" || !SetOption(option, "0", &scratch)) {
      Refuse("The option '" + words[i] + "' is not known.");
    }
    if (!value && last) Refuse("`" + option + "` must be followed by a value.");
    SetOption(option, value ? *value : words[++i], &arguments.classifier);
  }
  if (arguments.classifier.model_path.empty()) Refuse("`--model` must name an archive.");
  return arguments;
}

}  // namespace early_exit::classify
