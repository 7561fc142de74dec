// classify: reads lines, writes one answer a line. See classify --help.

#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <exception>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "arguments.h"
#include "cpus.h"
#include "early_exit/classifier.h"
#include "early_exit/process.h"
#include "line_classifier.h"
#include "line_format.h"
#include "line_reader.h"
#include "printable.h"

namespace early_exit::classify {
namespace {

constexpr int kSomeFailed = 1;
constexpr int kBadUsage = 2;
constexpr std::size_t kLongestMessage = 2000;

// Lines are sorted by length within a chunk; a chunk of many batches leaves little padding.
constexpr std::size_t kBatchesPerChunk = 16;

void Write(const std::string& text) {
  const bool written = std::fwrite(text.data(), 1, text.size(), stdout) == text.size();
  if (!written || std::fflush(stdout) != 0) {
    throw std::runtime_error(
        "Standard output cannot be written: is the disk full, or the reader gone?");
  }
}

void Say(const std::string& message) {
  std::fprintf(stderr, "classify: %s\n", Printable(message, kLongestMessage).c_str());
}

std::size_t ChooseThreads(const Arguments& arguments) {
  if (arguments.threads > 0) return static_cast<std::size_t>(arguments.threads);
  return arguments.classifier.device == "cpu" ? AvailableCpus() : 1;
}

// Returns whether every line was classified.
bool Answer(const Classifier& classifier, const Arguments& arguments) {
  const auto batch_size = static_cast<std::size_t>(arguments.classifier.batch_size);
  const std::size_t n_threads = ChooseThreads(arguments);
  const LineClassifier lines_of(classifier, arguments.tokens, batch_size, n_threads);
  const std::size_t chunk = batch_size * kBatchesPerChunk * n_threads;
  LineReader reader(STDIN_FILENO);
  bool all_classified = true;
  std::size_t n_truncated = 0;
  for (auto lines = reader.Read(chunk); !lines.empty(); lines = reader.Read(chunk)) {
    std::string answers;
    for (const Outcome& outcome : lines_of.Classify(lines)) {
      all_classified = all_classified && outcome.prediction.has_value();
      n_truncated += outcome.truncated() ? 1 : 0;
      answers += FormatOutcome(outcome);
    }
    Write(answers);
  }
  if (n_truncated > 0) {
    Say("Lines cut to the model's " + std::to_string(classifier.metadata().max_tokens) +
        " tokens: " + std::to_string(n_truncated) + ".");
  }
  return all_classified;
}

int Fail(const std::exception& error, int status) {
  Say(error.what());
  return status;
}

int Run(const std::vector<std::string>& words) {
  std::signal(SIGPIPE, SIG_IGN);  // a reader that left is a failed write, told as such
  std::unique_ptr<Classifier> classifier;
  Arguments arguments;
  try {
    arguments = ParseArguments(words);
    if (!arguments.help) {
      // Many passes of one thread each: threads inside a pass wait for each other in a loop, which
      // stands still where another process holds one of their CPUs.
      SetThreads(1);
      DisableProfilingExecutor();
      classifier = std::make_unique<Classifier>(arguments.classifier);
    }
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
