// Classifier over engines that are not ours.
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>
#include <new>

#include "early_exit/classifier.h"
#include "expected.h"
#include "messages.h"

namespace early_exit {
namespace {

using Answers = std::vector<EngineAnswer>;
using Inputs = std::vector<EngineInput>;

Metadata MetadataOfTest() {
  Metadata metadata;
  metadata.policy = {"entropy", "nats", -1, 0.0};
  metadata.labels = {"a", "b"};
  metadata.n_layers = 3;
  metadata.vocab_size = 100;
  metadata.max_positions = 50;
  metadata.max_tokens = 20;
  metadata.pad_token = 1;
  metadata.layout = {0, 2, std::nullopt};
  metadata.operating_points = {{"2", 2.0, 0.25, 2.1, 0.9}};
  return metadata;
}

class FakeEngine : public Engine {
 public:
  using RunFunction = std::function<Answers(const Inputs&)>;
  explicit FakeEngine(RunFunction run, Metadata metadata = MetadataOfTest())
      : run_(std::move(run)), metadata_(std::move(metadata)) {}
  const Metadata& metadata() const override { return metadata_; }
  Answers Run(const Inputs& inputs) const override {
    batches.push_back(inputs);
    return run_(inputs);
  }
  mutable std::vector<Inputs> batches;  // that were asked for

 private:
  RunFunction run_;
  Metadata metadata_;
};

// The second token as the first logit.
Answers Echo(const Inputs& inputs) {
  Answers answers;
  for (const EngineInput& input : inputs) {
    answers.push_back({{static_cast<float>(input.tokens[1]), 0.0F}, 2, 0.5});
  }
  return answers;
}

Classifier Make(std::shared_ptr<const Engine> engine, const ClassifierOptions& options = {}) {
  return Classifier(TextEncoder(MetadataOfTest(), nullptr), std::move(engine), options);
}

std::vector<Sentence> Rows(std::size_t n, std::size_t length = 3) {
  std::vector<Sentence> rows;
  for (std::size_t i = 0; i < n; ++i) {
    TokenIds row(length, 2);
    row[0] = 0;
    row[1] = static_cast<std::int64_t>(10 + i);
    rows.emplace_back(row);
  }
  return rows;
}

TEST(Engines, CanBeOfAnyKind) {
  const auto engine = std::make_shared<FakeEngine>(Echo);
  const auto predictions = Make(engine).Classify(Rows(3));
  ASSERT_EQ(predictions.size(), 3u);
  EXPECT_EQ(predictions[2].logits, (std::vector<float>{12.0F, 0.0F}));
  EXPECT_EQ(predictions[2].label, "a");
  EXPECT_EQ(predictions[2].exit_layer, 2);
}

TEST(Engines, GetAParameterForEachSentence) {
  const auto engine = std::make_shared<FakeEngine>(Echo);
  ClassifierOptions options;
  options.threshold = 0.125;
  const auto outcomes = Make(engine, options)
                            .TryClassifyEach({{Rows(1)[0], {}},
                                              {Rows(1)[0], {0.75, {}}},
                                              {Rows(1)[0], {{}, 2.0}},
                                              {Rows(1)[0], {{}, 1.0}},
                                              {Rows(1)[0], {{}, 7.0}},
                                              {Rows(1)[0], {0.5, 2.0}},
                                              {Rows(1)[0], {std::nan(""), {}}}});
  ASSERT_EQ(engine->batches.size(), 1u);
  std::vector<double> parameters;
  for (const EngineInput& input : engine->batches[0]) parameters.push_back(input.parameter);
  EXPECT_EQ(parameters, (std::vector<double>{0.125, 0.75, 0.25, 0.0}));
  EXPECT_NE(outcomes[4].error.find("operating points (2), but is 7 instead"), std::string::npos);
  EXPECT_NE(outcomes[5].error.find("must not both be given"), std::string::npos);
  EXPECT_NE(outcomes[6].error.find("(nats), but is NaN"), std::string::npos);
  for (std::size_t i = 4; i < 7; ++i) EXPECT_EQ(outcomes[i].error_kind, ErrorKind::kBadInput);
}

TEST(Engines, NeverGetMoreTokensThanABatchMayHave) {
  const auto engine = std::make_shared<FakeEngine>(Echo);
  ClassifierOptions options;
  options.batch_size = 8;
  options.batch_tokens = 30;
  std::vector<Sentence> sentences = Rows(20, 3);
  for (const std::size_t length : {10, 31, 4}) sentences.push_back(Rows(1, length)[0]);
  EXPECT_EQ(Make(engine, options).Classify(sentences).size(), 23u);
  std::size_t n_rows = 0;
  for (const Inputs& batch : engine->batches) {
    std::size_t longest = 0;
    for (const EngineInput& input : batch) longest = std::max(longest, input.tokens.size());
    EXPECT_TRUE(batch.size() == 1 || batch.size() * longest <= 30u);
    EXPECT_LE(batch.size(), 8u);
    n_rows += batch.size();
  }
  EXPECT_EQ(n_rows, 23u);
}

// The kind of an error decides whether sentences are tried alone.
TEST(Engines, AreAskedAgainForBadInputAlone) {
  const auto failing = [](ErrorKind kind) {
    return std::make_shared<FakeEngine>([kind](const Inputs& inputs) -> Answers {
      for (const EngineInput& input : inputs) {
        if (input.tokens[1] == 11) throw EngineError(kind, "no 11");
      }
      return Echo(inputs);
    });
  };
  const auto bad = failing(ErrorKind::kBadInput);
  const auto outcomes = Make(bad).TryClassify(Rows(3));
  EXPECT_EQ(bad->batches.size(), 4u);
  EXPECT_TRUE(outcomes[0].prediction && outcomes[2].prediction);
  EXPECT_EQ(outcomes[1].error, "no 11");
  for (const ErrorKind kind : {ErrorKind::kModel, ErrorKind::kOutOfMemory}) {
    const auto engine = failing(kind);
    for (const Outcome& outcome : Make(engine).TryClassify(Rows(3))) {
      EXPECT_EQ(outcome.error_kind, kind);
      EXPECT_EQ(outcome.error, "no 11");
    }
    EXPECT_EQ(engine->batches.size(), 1u);
  }
}

TEST(Engines, AreNotBelieved) {
  const auto first_outcome = [](const FakeEngine::RunFunction& run) {
    return Make(std::make_shared<FakeEngine>(run)).TryClassify(Rows(2))[0];
  };
  const auto expect = [&](const FakeEngine::RunFunction& run, ErrorKind kind,
                          const std::string& message) {
    const Outcome outcome = first_outcome(run);
    EXPECT_FALSE(outcome.prediction.has_value());
    EXPECT_EQ(outcome.error_kind, kind);
    EXPECT_NE(outcome.error.find(message), std::string::npos) << outcome.error;
  };
  const auto giving = [](const EngineAnswer& answer) {
    return [answer](const Inputs& inputs) { return Answers(inputs.size(), answer); };
  };
  const float inf = std::numeric_limits<float>::infinity();
  expect(giving({{1, 2, 3}, 1, 0.5}), ErrorKind::kModel, "3 logits for 2 labels");
  expect(giving({{}, 1, 0.5}), ErrorKind::kModel, "0 logits for 2 labels");
  expect(giving({{1, 2}, 0, 0.5}), ErrorKind::kModel, "exit layer 0 of 3");
  expect(giving({{1, 2}, 4, 0.5}), ErrorKind::kModel, "exit layer 4 of 3");
  expect(giving({{1, inf}, 1, 0.5}), ErrorKind::kModel, "logits are not finite");
  expect(giving({{1, 2}, 1, std::nan("")}), ErrorKind::kModel, "entropy is not finite");
  expect([](const Inputs&) { return Answers(1); }, ErrorKind::kModel, "1 answers to 2 sentences");
  expect([](const Inputs&) { return Answers(); }, ErrorKind::kModel, "0 answers to 2 sentences");
  expect([](const Inputs&) -> Answers { throw std::runtime_error("odd\nlines"); },
         ErrorKind::kModel, "odd lines");
  expect([](const Inputs&) -> Answers { throw std::logic_error(""); }, ErrorKind::kModel,
         "gave no reason");
  expect([](const Inputs&) -> Answers { throw std::bad_alloc(); }, ErrorKind::kOutOfMemory,
         "not enough memory");
}

class HungryTokenizer : public Tokenizer {
 public:
  TokenIds EncodeStart(std::string_view text, std::size_t) const override {
    if (text == "long") throw std::length_error("vector::reserve");
    if (text == "large") throw std::bad_alloc();
    return {static_cast<std::int64_t>(text.size() + 10)};
  }
  std::int64_t vocab_size() const override { return 100; }
};

TEST(Engines, AreSparedATextThatMemoryIsTooSmallFor) {
  const Classifier classifier(TextEncoder(MetadataOfTest(), std::make_unique<HungryTokenizer>()),
                              std::make_shared<FakeEngine>(Echo), {});
  const auto outcomes = classifier.TryClassify({"a", "long", "large", "b"});
  EXPECT_TRUE(outcomes[0].prediction && outcomes[3].prediction);
  for (const std::size_t i : {1, 2}) {
    EXPECT_EQ(outcomes[i].error_kind, ErrorKind::kOutOfMemory);
    EXPECT_EQ(outcomes[i].error, "There is not enough memory for this text.");
  }
}

TEST(Engines, MustFitTheirEncoder) {
  const auto refused = [](Metadata metadata, const std::string& message) {
    ExpectThrows<std::invalid_argument>([&] { Make(std::make_shared<FakeEngine>(Echo, metadata)); },
                                        message);
  };
  ExpectThrows<std::invalid_argument>([] { Make(nullptr); }, "`engine` must be an engine");
  Metadata metadata = MetadataOfTest();
  metadata.vocab_size = 99;
  refused(metadata, "made for another vocabulary or task");
  metadata = MetadataOfTest();
  metadata.labels.clear();
  refused(metadata, "`engine` must have valid metadata");
  metadata = MetadataOfTest();
  metadata.max_tokens = 0;
  refused(metadata, "`max_tokens` of at least 3");
}

TEST(Engines, AreWarmedUpAtFullDepthByTheLargestBatch) {
  const auto engine = std::make_shared<FakeEngine>(Echo);
  ClassifierOptions options;
  options.batch_tokens = 100;
  Make(engine, options).WarmUp();
  ASSERT_EQ(engine->batches.size(), 2u);
  EXPECT_EQ(engine->batches[1].size(), 5u);
  for (const Inputs& batch : engine->batches) {
    for (const EngineInput& input : batch) {
      EXPECT_EQ(input.tokens.size(), 20u);
      EXPECT_EQ(input.parameter, 0.0);
    }
  }
  const auto failing = std::make_shared<FakeEngine>(
      [](const Inputs&) -> Answers { throw EngineError(ErrorKind::kOutOfMemory, "full"); });
  ExpectThrows<EngineError>([&] { Make(failing).WarmUp(); }, "full");
}

TEST(Classifier, CanBeMoved) {
  Classifier first = Make(std::make_shared<FakeEngine>(Echo));
  Classifier second = std::move(first);
  EXPECT_EQ(second.Classify(Rows(1)).size(), 1u);
  first = std::move(second);
  EXPECT_EQ(first.Classify(Rows(1)).size(), 1u);
}

TEST(Sentence, IsAPairWhereItHasTwoTexts) {
  const auto kinds = [](const std::vector<Sentence>& sentences) {
    std::vector<std::size_t> indices;
    for (const Sentence& sentence : sentences) indices.push_back(sentence.value().index());
    return indices;
  };
  EXPECT_EQ(kinds({{"a", "b"}}), std::vector<std::size_t>{1});
  EXPECT_EQ(kinds({"a", "b"}), (std::vector<std::size_t>{0, 0}));
  EXPECT_EQ(kinds({{"a"}, {"b"}}), (std::vector<std::size_t>{0, 0}));
  EXPECT_EQ(kinds({{"a", "b"}, {"c", "d"}}), (std::vector<std::size_t>{1, 1}));
  EXPECT_EQ(kinds({TokenIds{1, 2}, TextPair{"a", "b"}}), (std::vector<std::size_t>{2, 1}));
}

}  // namespace
}  // namespace early_exit
