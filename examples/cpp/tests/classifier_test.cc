#include "early_exit/classifier.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <thread>

#include "expected.h"

namespace early_exit {
namespace {

using testing::Expected;
using testing::ExpectedRun;
using testing::ExpectSamePredictions;

Classifier Load(const Expected& expected, const ExpectedRun& run, std::int64_t batch_size) {
  ClassifierOptions options;
  options.model_path = expected.path;
  options.threshold = run.threshold;
  options.batch_size = batch_size;
  return Classifier(options);
}

class ClassifierTest : public ::testing::TestWithParam<const char*> {};

TEST_P(ClassifierTest, AnswersAsPythonAtEveryThresholdAndBatchSize) {
  const Expected expected = testing::ReadExpected(GetParam());
  const Archive archive(expected.path);
  const std::shared_ptr<const Engine> engine = LoadEngine(archive);
  for (const std::int64_t batch_size : {1, 7, 64, 1000}) {
    SCOPED_TRACE("batch size " + std::to_string(batch_size));
    ClassifierOptions options;
    options.batch_size = batch_size;
    const Classifier classifier(TextEncoder(archive), engine, options);
    for (const ExpectedRun& run : expected.runs) {
      ExpectSamePredictions(classifier.Classify(expected.sentences, {run.threshold, {}}),
                            run.predictions);
    }
  }
}

TEST_P(ClassifierTest, TakesTokenIdsInsteadOfText) {
  const Expected expected = testing::ReadExpected(GetParam());
  const std::vector<Sentence> inputs(expected.inputs.begin(), expected.inputs.end());
  const Classifier classifier = Load(expected, expected.runs[0], 32);
  ExpectSamePredictions(classifier.Classify(inputs), expected.runs[0].predictions);
}

TEST_P(ClassifierTest, KeepsTheOrderOfItsInput) {
  Expected expected = testing::ReadExpected(GetParam());
  const Classifier classifier = Load(expected, expected.runs[0], 16);
  std::reverse(expected.sentences.begin(), expected.sentences.end());
  std::reverse(expected.runs[0].predictions.begin(), expected.runs[0].predictions.end());
  ExpectSamePredictions(classifier.Classify(expected.sentences), expected.runs[0].predictions);
}

INSTANTIATE_TEST_SUITE_P(Archives, ClassifierTest, ::testing::ValuesIn(testing::kArchives));

// One by one the kernels are Python's; in a batch sums of 8 bits are rounded otherwise.
TEST(Classifier, AnswersAsPythonInBfloat16) {
  const Expected expected = testing::ReadExpected("bfloat16");
  for (const ExpectedRun& run : expected.runs) {
    ExpectSamePredictions(Load(expected, run, 1).Classify(expected.sentences), run.predictions);
  }
  const auto in_batches = Load(expected, expected.runs[1], 32).Classify(expected.sentences);
  for (std::size_t i = 0; i < in_batches.size(); ++i) {
    EXPECT_NEAR(in_batches[i].probability, expected.runs[1].predictions[i].probability, 0.1);
  }
}

TEST(Classifier, GivesTheSameAloneAndInABatchOf64) {
  const Expected expected = testing::ReadExpected("single");
  const std::vector<Sentence> batch(expected.sentences.begin(), expected.sentences.begin() + 64);
  const Classifier classifier = Load(expected, expected.runs[2], 64);
  std::vector<Prediction> alone;
  for (const Sentence& sentence : batch) alone.push_back(classifier.Classify({sentence})[0]);
  ExpectSamePredictions(classifier.Classify(batch), alone);
}

TEST(Classifier, AnswersEightThreadsAtOnce) {
  const Expected expected = testing::ReadExpected("single");
  // No call before the threads start: the first passes, which compile the module, race too.
  const Classifier classifier = Load(expected, expected.runs[2], 16);
  std::vector<std::vector<std::vector<Prediction>>> answers(8);  // of each thread, each repeat
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < answers.size(); ++t) {
    threads.emplace_back([&, t] {
      for (int repeat = 0; repeat < 5; ++repeat) {
        auto sentences = expected.sentences;
        std::rotate(sentences.begin(), sentences.begin() + static_cast<long>(t), sentences.end());
        auto answer = classifier.Classify(sentences);
        std::rotate(answer.rbegin(), answer.rbegin() + static_cast<long>(t), answer.rend());
        answers[t].push_back(std::move(answer));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const auto& repeats : answers) {
    ASSERT_EQ(repeats.size(), 5u);
    for (const auto& answer : repeats) ExpectSamePredictions(answer, expected.runs[2].predictions);
  }
}

TEST(Classifier, TakesAnOperatingPointByItsTargetSpeedup) {
  const Expected expected = testing::ReadExpected("single");
  const struct {
    double target_speedup;
    std::size_t run;
  } cases[] = {{1.0, 1}, {2.0, 2}, {1.5, 3}};
  for (const auto& [target_speedup, run] : cases) {
    ClassifierOptions options;
    options.model_path = expected.path;
    options.target_speedup = target_speedup;
    ExpectSamePredictions(Classifier(options).Classify(expected.sentences),
                          expected.runs[run].predictions);
  }
}

TEST(Classifier, GivesNothingForNothing) {
  const Expected expected = testing::ReadExpected("single");
  const Classifier classifier = Load(expected, expected.runs[0], 8);
  EXPECT_TRUE(classifier.Classify({}).empty());
  EXPECT_TRUE(classifier.TryClassify({}).empty());
}

TEST(Classifier, TellsWhatTheArchiveHolds) {
  const Expected expected = testing::ReadExpected("single");
  const Classifier classifier = Load(expected, expected.runs[0], 8);
  EXPECT_EQ(classifier.n_layers(), 4);
  EXPECT_EQ(classifier.metadata().labels,
            (std::vector<std::string>{"negative", "neutral", "positive"}));
  EXPECT_EQ(classifier.metadata().operating_points.size(), 3u);
}

}  // namespace
}  // namespace early_exit
