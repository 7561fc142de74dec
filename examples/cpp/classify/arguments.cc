#include "arguments.h"

#include <charconv>
#include <optional>
#include <stdexcept>
#include <utility>

#include "printable.h"

namespace early_exit::classify {

const char kHelp[] =
    R"(Classify the lines of standard input with an archive written by export/script.py.

usage: classify --model FILE [--threshold T | --speedup S] [--device cpu|cuda] [--batch N]
                [--threads N] [--tokens] < lines > tsv

  --model FILE    the archive
  --threshold T   the parameter of the archive's policy; for entropy, in nats: leave at the first
                  exit below T; 0: never leave early (default: the archive's default point)
  --speedup S     use the archive's operating point with this target speed-up instead
  --device D      where to compute: cpu, cuda or cuda:N (default: cpu)
  --batch N       most lines in one forward pass (default: 32)
  --threads N     forward passes at a time, each on one thread (default: as many as this process
                  may have CPUs; 1 with --device cuda)
  --tokens        lines hold space-separated token ids, special tokens included, instead of text
  --help          show this text

Each line is one text, or two texts separated by a tab if the model classifies pairs. For each line
`label<TAB>probability<TAB>exit_layer` is written, in order. A line that cannot be classified gives
`ERROR<TAB>reason` in its place. Answers are written as soon as the lines at hand are classified.
In a label, backslashes are doubled and control characters are written as \xHH; a label that is
named ERROR itself starts with \x45. How many texts were too long and were cut is told at the end,
on standard error.

exit status: 0 every line classified; 1 some line not, or output not writable; 2 bad usage or archive
)";

namespace {

constexpr std::int64_t kMostThreads = 4096;

[[noreturn]] void Refuse(const std::string& message) {
  throw std::invalid_argument(message + " See classify --help.");
}

template <typename T>
T ParseNumber(const std::string& option, const std::string& value, const char* expected) {
  T number{};
  const char* end = value.data() + value.size();
  const auto [stop, error] = std::from_chars(value.data(), end, number);
  if (error != std::errc() || stop != end) {
    Refuse("`" + option + "` must be " + expected + ", but is '" + Printable(value) + "' instead.");
  }
  return number;
}

std::int64_t ParseThreads(const std::string& option, const std::string& value) {
  const auto threads = ParseNumber<std::int64_t>(option, value, "an integer");
  if (threads >= 1 && threads <= kMostThreads) return threads;
  Refuse("`" + option + "` must be in 1.." + std::to_string(kMostThreads) + ", but is " +
         std::to_string(threads) + " instead.");
}

// Sets the field that `option` names. Returns false if there is no such option.
bool SetOption(const std::string& option, const std::string& value, Arguments* arguments) {
  ClassifierOptions* options = &arguments->classifier;
  if (option == "--model") {
    options->model_path = value;
  } else if (option == "--threshold") {
    options->threshold = ParseNumber<double>(option, value, "a number (for entropy, in nats)");
  } else if (option == "--speedup") {
    options->target_speedup = ParseNumber<double>(option, value, "a number");
  } else if (option == "--device") {
    options->device = value;
  } else if (option == "--batch") {
    options->batch_size = ParseNumber<std::int64_t>(option, value, "an integer");
  } else if (option == "--threads") {
    arguments->threads = ParseThreads(option, value);
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
    Arguments scratch;  // an unknown option is told as such, whatever follows it
    if (option == "--tokens" || !SetOption(option, "1", &scratch)) {
      Refuse("The option '" + Printable(words[i]) + "' is not known.");
    }
    if (!value && last) Refuse("`" + option + "` must be followed by a value.");
    SetOption(option, value ? *value : words[++i], &arguments);
  }
  if (arguments.classifier.model_path.empty()) Refuse("`--model` must name an archive.");
  return arguments;
}

}  // namespace early_exit::classify
