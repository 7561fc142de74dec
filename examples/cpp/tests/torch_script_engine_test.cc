#include <gtest/gtest.h>

#include <limits>
#include <string>

#include "early_exit/classifier.h"
#include "early_exit/engine.h"
#include "expected.h"
#include "messages.h"

namespace early_exit {
namespace {

using testing::ArchivePath;
using testing::Expected;

std::unique_ptr<Engine> Load(const std::string& name) {
  return LoadEngine(Archive(ArchivePath(name + ".pt")));
}

TEST(TorchScriptEngine, RefusesAModuleThatContradictsItsMetadata) {
  const struct {
    const char* name;
    const char* message;
  } cases[] = {
      {"few_rows", "`logits` must be Float [2, 3], but is Float [1, 3] instead"},
      {"many_rows", "but is Float [4, 3] instead"},
      {"few_labels", "but is Float [2, 2] instead"},
      {"float64_logits", "but is Double [2, 3] instead"},
      {"flat_logits", "but is Float [6] instead"},
      {"int32_layers", "`exit_layer` must be Long [2], but is Int [2] instead"},
      {"one_tensor", "must give logits, exit layers and entropies, but gives Float [2, 3]"},
      {"two_tensors", "must give logits, exit layers and entropies, but gives Tuple"},
      {"fewer_layers", "must leave at layer 4 (`n_layers`), but leaves at layer 3"},
      {"other_sign", "must be able to leave at layer 1, but leaves at layer 4"},
      {"raises", "this module takes nothing"},
      {"no_forward", "has no method `forward`"},
      {"few_exit_logits", "`exit_logits` must be Float [1, 4, 3], but is Float [1, 3, 3]"},
      {"other_exit_logits", "the last of `exit_logits` must be what `forward` gives"},
      {"other_dtype", "`dtype` is bfloat16 there, but no weight is"},
  };
  for (const auto& [name, message] : cases) {
    SCOPED_TRACE(name);
    ExpectThrows<std::runtime_error>([&, n = name] { Load(n); }, message);
    ExpectThrows<std::runtime_error>([&, n = name] { Load(n); }, ArchivePath(name));
  }
}

void ExpectError(const Engine& engine, const std::vector<EngineInput>& inputs, ErrorKind kind,
                 const std::string& message) {
  try {
    engine.Run(inputs);
    ADD_FAILURE() << "nothing was thrown; expected: " << message;
  } catch (const EngineError& error) {
    EXPECT_EQ(error.kind(), kind) << error.what();
    EXPECT_NE(std::string(error.what()).find(message), std::string::npos) << error.what();
    EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos) << error.what();
  }
}

TEST(TorchScriptEngine, ChecksEveryCall) {
  const std::vector<EngineInput> three(3, {{0, 5, 2}, 0.0});
  const auto expect = [&](const std::string& name, ErrorKind kind, const std::string& message) {
    SCOPED_TRACE(name);
    const auto engine = Load(name);
    EXPECT_EQ(engine->Run({three[0], three[1]}).size(), 2u);
    ExpectError(*engine, three, kind, message);
  };
  expect("late_rows", ErrorKind::kModel, "must be Float [3, 3], but is Float [1, 3] instead");
  expect("late_labels", ErrorKind::kModel, "must be Float [3, 3], but is Float [3, 2] instead");
  expect("late_memory", ErrorKind::kOutOfMemory, "The model failed: ");
  expect("no_reason", ErrorKind::kBadInput, "The model failed: ");
}

TEST(TorchScriptEngine, TellsBadInputFromABadModel) {
  const Expected expected = testing::ReadExpected("single");
  const auto engine = LoadEngine(Archive(expected.path));
  const double nan = std::numeric_limits<double>::quiet_NaN();
  ExpectError(*engine, {{{0, 5, 2}, nan}}, ErrorKind::kBadInput, "The model failed: ");
  ExpectError(*engine, {{{0, -5, 2}, 0.0}}, ErrorKind::kBadInput, "The model failed: ");
  ExpectError(*engine, {{{}, 0.0}}, ErrorKind::kBadInput, "The model failed: ");
  EXPECT_TRUE(engine->Run({}).empty());
}

TEST(TorchScriptEngine, TakesAParameterForEachSentence) {
  const Expected expected = testing::ReadExpected("single");
  const auto engine = LoadEngine(Archive(expected.path));
  std::vector<EngineInput> inputs;
  std::vector<std::int64_t> exits;
  for (std::size_t i = 0; i < expected.inputs.size(); ++i) {
    const testing::ExpectedRun& run = expected.runs[1 + i % (expected.runs.size() - 1)];
    inputs.push_back({expected.inputs[i], *run.threshold});
    exits.push_back(run.predictions[i].exit_layer);
  }
  const std::vector<EngineAnswer> answers = engine->Run(inputs);
  ASSERT_EQ(answers.size(), inputs.size());
  for (std::size_t i = 0; i < answers.size(); ++i) EXPECT_EQ(answers[i].exit_layer, exits[i]) << i;
}

TEST(Classifier, LosesNoBatchToOneAnswerThatIsNotFinite) {
  const Archive archive(ArchivePath("not_finite.pt"));
  const Classifier classifier(TextEncoder(archive), LoadEngine(archive), {});
  const auto outcomes =
      classifier.TryClassify({TokenIds{0, 5, 2}, TokenIds{0, 7, 2}, TokenIds{0, 8, 2}});
  EXPECT_TRUE(outcomes[0].prediction.has_value());
  EXPECT_EQ(outcomes[1].error, "The model's logits are not finite.");
  EXPECT_EQ(outcomes[1].error_kind, ErrorKind::kModel);
  EXPECT_TRUE(outcomes[2].prediction.has_value());
}

// A layer beyond the last is the model's fault; nothing throws, and nothing is tried again.
TEST(Classifier, RefusesLayersThatAreNone) {
  const Archive archive(ArchivePath("late_layers.pt"));
  const Classifier classifier(TextEncoder(archive), LoadEngine(archive), {});
  const std::vector<Sentence> three(3, TokenIds{0, 5, 2});
  for (const Outcome& outcome : classifier.TryClassify(three)) {
    EXPECT_EQ(outcome.error_kind, ErrorKind::kModel);
    EXPECT_EQ(outcome.error, "The model gave the exit layer 5 of 4. Export it again.");
  }
  ExpectThrows<EngineError>([&] { classifier.Classify(three); }, "Sentence 0 (0-based): The model");
}

}  // namespace
}  // namespace early_exit
