#include "early_exit/classifier.h"

#include <algorithm>
#include <cmath>
#include <new>
#include <stdexcept>
#include <utility>

#include "batches.h"
#include "predictions.h"

namespace early_exit {
namespace {

// A sentence ready for the engine, and its place in the caller's list.
struct Job {
  std::size_t index;
  EngineInput input;
  bool truncated;
};

// Throws std::invalid_argument.
double ParameterOf(const ExitChoice& choice, const Metadata& metadata, double otherwise) {
  if (choice.threshold && choice.target_speedup) {
    throw std::invalid_argument(
        "`threshold` and `target_speedup` must not both be given: each sets the other.");
  }
  if (choice.target_speedup) return metadata.ParameterFor(*choice.target_speedup);
  if (!choice.threshold) return otherwise;
  if (!std::isnan(*choice.threshold)) return *choice.threshold;
  throw std::invalid_argument(
      "`threshold` must be a number (" + metadata.policy.parameter_unit +
      "), but is NaN instead. Ask for a speed-up of 1 to never exit early.");
}

// What `action` gives; a text that asks for more memory than there is costs no other its answer.
template <typename Action>
void Attempt(Outcome* outcome, Action action) {
  try {
    action();
  } catch (const std::invalid_argument& error) {
    *outcome = {std::nullopt, error.what(), ErrorKind::kBadInput};
  } catch (const std::bad_alloc&) {
    *outcome = {std::nullopt, "There is not enough memory for this text.", ErrorKind::kOutOfMemory};
  } catch (const std::length_error&) {
    *outcome = {std::nullopt, "There is not enough memory for this text.", ErrorKind::kOutOfMemory};
  }
}

const Outcome* FindError(const std::vector<Outcome>& outcomes, ErrorKind kind) {
  const auto found = std::find_if(outcomes.begin(), outcomes.end(), [kind](const Outcome& outcome) {
    return !outcome.prediction && (kind == ErrorKind::kNone || outcome.error_kind == kind);
  });
  return found == outcomes.end() ? nullptr : &*found;
}

// Throws for the first bad sentence, or else for the first that failed otherwise.
void ThrowFirstError(const std::vector<Outcome>& outcomes) {
  const Outcome* error = FindError(outcomes, ErrorKind::kBadInput);
  if (!error) error = FindError(outcomes, ErrorKind::kNone);
  if (!error) return;
  const std::string message =
      "Sentence " + std::to_string(error - outcomes.data()) + " (0-based): " + error->error;
  if (error->error_kind == ErrorKind::kBadInput) throw std::invalid_argument(message);
  throw EngineError(error->error_kind, message);
}

}  // namespace

void ClassifierOptions::Validate() const {
  const auto check = [](const char* name, std::int64_t value, std::int64_t largest) {
    if (value >= 1 && value <= largest) return;
    throw std::invalid_argument("`" + std::string(name) + "` must be in 1.." +
                                std::to_string(largest) + ", but is " + std::to_string(value) +
                                " instead.");
  };
  check("batch_size", batch_size, 65536);
  check("batch_tokens", batch_tokens, 1 << 24);
}

class Classifier::Impl {
 public:
  Impl(TextEncoder encoder, std::shared_ptr<const Engine> engine, const ClassifierOptions& options)
      : encoder_(std::move(encoder)),
        engine_(std::move(engine)),
        batch_size_(static_cast<std::size_t>(options.batch_size)),
        batch_tokens_(static_cast<std::size_t>(options.batch_tokens)) {
    options.Validate();
    if (!engine_) throw std::invalid_argument("`engine` must be an engine, but is null instead.");
    metadata_ = engine_->metadata();
    CheckFit(encoder_.metadata(), metadata_);
    default_parameter_ = ParameterOf({options.threshold, options.target_speedup}, metadata_,
                                     metadata_.DefaultParameter());
  }

  const Metadata& metadata() const { return metadata_; }

  // `exit(i)` and `sentence(i)` are those of the i-th of `n` sentences.
  template <typename GetSentence, typename GetExit>
  std::vector<Outcome> Answer(std::size_t n, GetSentence sentence, GetExit exit) const {
    std::vector<Outcome> outcomes(n);
    std::vector<Job> jobs;
    for (std::size_t i = 0; i < n; ++i) {
      Attempt(&outcomes[i], [&] {
        const double parameter = ParameterOf(exit(i), metadata_, default_parameter_);
        EncodedSentence encoded = encoder_.Encode(sentence(i));
        jobs.push_back({i, {std::move(encoded.tokens), parameter}, encoded.truncated});
      });
    }
    Run(std::move(jobs), &outcomes);
    return outcomes;
  }

  void WarmUp() const;

 private:
  // Answers all jobs, in batches of similar length so that little padding is computed.
  void Run(std::vector<Job> jobs, std::vector<Outcome>* outcomes) const;
  void RunBatch(const Job* first, std::size_t size, std::vector<Outcome>* outcomes) const;

  TextEncoder encoder_;
  std::shared_ptr<const Engine> engine_;
  Metadata metadata_;
  double default_parameter_ = 0.0;
  std::size_t batch_size_;
  std::size_t batch_tokens_;
};

void Classifier::Impl::Run(std::vector<Job> jobs, std::vector<Outcome>* outcomes) const {
  std::stable_sort(jobs.begin(), jobs.end(), [](const Job& a, const Job& b) {
    return a.input.tokens.size() < b.input.tokens.size();
  });
  std::vector<std::size_t> lengths;
  for (const Job& job : jobs) lengths.push_back(job.input.tokens.size());
  for (const auto& [first, size] : MakeBatches(lengths, batch_size_, batch_tokens_)) {
    RunBatch(&jobs[first], size, outcomes);
  }
}

void Classifier::Impl::RunBatch(const Job* first, std::size_t size,
                                std::vector<Outcome>* outcomes) const {
  std::vector<EngineInput> inputs;
  for (std::size_t i = 0; i < size; ++i) inputs.push_back(first[i].input);
  const auto [answers, error] = RunEngine(*engine_, inputs);
  if (error.kind == ErrorKind::kBadInput && size > 1) {
    // Alone, the others of the batch still get their answers.
    for (std::size_t i = 0; i < size; ++i) RunBatch(first + i, 1, outcomes);
    return;
  }
  for (std::size_t i = 0; i < size; ++i) {
    Outcome& outcome = (*outcomes)[first[i].index];
    if (error.kind != ErrorKind::kNone) {
      outcome = {std::nullopt, error.message, error.kind};
    } else {
      outcome = ToOutcome(answers[i], metadata_);
      if (outcome.prediction) outcome.prediction->truncated = first[i].truncated;
    }
  }
}

void Classifier::Impl::WarmUp() const {
  const std::size_t length = static_cast<std::size_t>(metadata_.max_tokens);
  const std::size_t n_rows = std::clamp<std::size_t>(batch_tokens_ / length, 1, batch_size_);
  TokenIds row(length, metadata_.layout.eos_token);
  row.front() = metadata_.layout.init_token;
  for (const std::size_t n : {std::size_t{1}, n_rows}) {
    const auto [answers, error] =
        RunEngine(*engine_, std::vector<EngineInput>(n, {row, metadata_.policy.never}));
    if (error.kind != ErrorKind::kNone) throw EngineError(error.kind, error.message);
  }
}

namespace {

ClassifierOptions Checked(const ClassifierOptions& options) {
  options.Validate();
  if (options.model_path.empty()) {
    throw std::invalid_argument("`model_path` must name an archive, but is empty instead.");
  }
  return options;
}

}  // namespace

Classifier::Classifier(const ClassifierOptions& options) {
  const Archive archive(Checked(options).model_path);
  const ExitChoice choice{options.threshold, options.target_speedup};
  ParameterOf(choice, archive.metadata(), 0.0);  // before the model is loaded
  impl_ = std::make_unique<const Impl>(TextEncoder(archive), LoadEngine(archive, options.device),
                                       options);
}

Classifier::Classifier(TextEncoder encoder, std::shared_ptr<const Engine> engine,
                       const ClassifierOptions& options)
    : impl_(std::make_unique<const Impl>(std::move(encoder), std::move(engine), options)) {}

Classifier::Classifier(Classifier&&) noexcept = default;
Classifier& Classifier::operator=(Classifier&&) noexcept = default;
Classifier::~Classifier() = default;

std::vector<Outcome> Classifier::TryClassify(const std::vector<Sentence>& sentences,
                                             const ExitChoice& exit) const {
  return impl_->Answer(
      sentences.size(), [&](std::size_t i) -> const Sentence& { return sentences[i]; },
      [&](std::size_t) { return exit; });
}

std::vector<Outcome> Classifier::TryClassifyEach(const std::vector<Request>& requests) const {
  return impl_->Answer(
      requests.size(), [&](std::size_t i) -> const Sentence& { return requests[i].sentence; },
      [&](std::size_t i) { return requests[i].exit; });
}

std::vector<Prediction> Classifier::Classify(const std::vector<Sentence>& sentences,
                                             const ExitChoice& exit) const {
  std::vector<Outcome> outcomes = TryClassify(sentences, exit);
  ThrowFirstError(outcomes);
  std::vector<Prediction> predictions;
  predictions.reserve(outcomes.size());
  for (Outcome& outcome : outcomes) predictions.push_back(std::move(*outcome.prediction));
  return predictions;
}

void Classifier::WarmUp() const { impl_->WarmUp(); }

std::int64_t Classifier::n_layers() const { return impl_->metadata().n_layers; }

const Metadata& Classifier::metadata() const { return impl_->metadata(); }

}  // namespace early_exit
