// classify: reads lines, writes one answer a line. See classify --help.

#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <exception>
#include <stdexcept>
#include <string>
#include <vector>

#include "arguments.h"
#include "early_exit/classifier.h"
#include "line_format.h"
#include "line_reader.h"

namespace early_exit::classify {
namespace {

constexpr int kSomeFailed = 1;
constexpr int kBadUsage = 2;

// Lines are sorted by length within a chunk; a chunk of many batches leaves little padding.
constexpr std::size_t kBatchesPerChunk = 16;

std::vector<Outcome> ClassifyLines(const Classifier& classifier, bool tokens,
                                   const std::vector<std::string>& lines) {
  std::vector<Outcome> outcomes(lines.size());
  std::vector<Sentence> sentences;
  std::vector<std::size_t> origins;  // line of each sentence
  for (std::size_t i = 0; i < lines.size(); ++i) {
    try {
      sentences.push_back(tokens ? ParseTokens(lines[i]) : ParseText(lines[i]));
      origins.push_back(i);
    } catch (const std::invalid_argument& error) {
      outcomes[i].error = error.what();
    }
  }
  std::vector<Outcome> answered = classifier.TryClassify(sentences);
  for (std::size_t i = 0; i < answered.size(); ++i) outcomes[origins[i]] = std::move(answered[i]);
  return outcomes;
}

void Write(const std::string& text) {
  const bool written = std::fwrite(text.data(), 1, text.size(), stdout) == text.size();
  if (!written || std::fflush(stdout) != 0) {
    throw std::runtime_error(
        "Standard output cannot be written: is the disk full, or the reader gone?");
  }
}

// Returns whether every line was classified.
bool Answer(const Classifier& classifier, const Arguments& arguments) {
  const auto chunk = static_cast<std::size_t>(arguments.classifier.batch_size) * kBatchesPerChunk;
  LineReader reader(STDIN_FILENO);
  bool all_classified = true;
  for (auto lines = reader.Read(chunk); !lines.empty(); lines = reader.Read(chunk)) {
    std::string answers;
    for (const Outcome& outcome : ClassifyLines(classifier, arguments.tokens, lines)) {
      all_classified = all_classified && outcome.prediction.has_value();
      answers += FormatOutcome(outcome);
    }
    Write(answers);
  }
  return all_classified;
}

int Fail(const std::exception& error, int status) {
  std::fprintf(stderr, "classify: %s\n", error.what());
  return status;
}

int Run(const std::vector<std::string>& words) {
  std::signal(SIGPIPE, SIG_IGN);  // a reader that left is a failed write, told as such
  std::unique_ptr<Classifier> classifier;
  Arguments arguments;
  try {
    arguments = ParseArguments(words);
    if (!arguments.help) classifier = std::make_unique<Classifier>(arguments.classifier);
  } catch (const std::exception& error) {
    return Fail(error, kBadUsage);
  }
  try {
    if (arguments.help) {
      Write(kHelp);
      return 0;
    }
    return Answer(*classifier, arguments) ? 0 : kSomeFailed;
  } catch (const std::exception& error) {
    return Fail(error, kSomeFailed);
  }
}

}  // namespace
}  // namespace early_exit::classify

int main(int argc, char** argv) {
  return early_exit::classify::Run(std::vector<std::string>(argv + (argc > 0), argv + argc));
}
