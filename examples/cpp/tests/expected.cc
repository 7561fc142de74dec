#include "expected.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <vector>

namespace early_exit::testing {
namespace {

// fp32 sums in another order. Logits are sums of terms as large as the largest of them, and so are
// their errors: against fp64, Python and C++ alike are off by up to 3e-5 where a logit is 5. What
// is computed from the logits moves about as far as they do.
constexpr double kRounding = 1e-5;

double RoundingOf(const std::vector<float>& logits) {
  double largest = 0.0;
  for (const float logit : logits) largest = std::max(largest, std::abs(double{logit}));
  return kRounding * (1.0 + largest);
}

// Not by the library's own reader, which is under test.
using Json = nlohmann::json;

Sentence ReadSentence(const Json& texts) {
  if (texts.size() == 1) return texts[0].get<std::string>();
  return {texts[0].get<std::string>(), texts[1].get<std::string>()};
}

Prediction ReadPrediction(const Json& json) {
  Prediction prediction;
  prediction.label = json.at("label").get<std::string>();
  prediction.probability = json.at("probability").get<double>();
  prediction.exit_layer = json.at("exit_layer").get<std::int64_t>();
  prediction.entropy = json.at("entropy").get<double>();
  prediction.logits = json.at("logits").get<std::vector<float>>();
  return prediction;
}

ExpectedRun ReadRun(const Json& json) {
  ExpectedRun run;
  if (!json.at("threshold").is_null()) run.threshold = json.at("threshold").get<double>();
  for (const Json& item : json.at("predictions")) {
    run.predictions.push_back(ReadPrediction(item));
  }
  return run;
}

}  // namespace

std::string ArchivePath(const std::string& name) {
  return std::string(EARLY_EXIT_TEST_ARCHIVES) + "/" + name;
}

std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error("cannot read " + path);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

Expected ReadExpected(const std::string& name) {
  const Json all = Json::parse(ReadFile(ArchivePath("expected.json")));
  const Json& json = all.at(name);
  Expected expected;
  expected.path = ArchivePath(name + ".pt");
  for (const Json& item : json.at("sentences")) {
    expected.sentences.push_back(ReadSentence(item));
  }
  for (const Json& item : json.at("inputs")) expected.inputs.push_back(item.get<TokenIds>());
  for (const Json& item : json.at("runs")) expected.runs.push_back(ReadRun(item));
  return expected;
}

void ExpectSamePredictions(const std::vector<Prediction>& actual,
                           const std::vector<Prediction>& expected) {
  ASSERT_EQ(actual.size(), expected.size());
  for (std::size_t i = 0; i < actual.size(); ++i) {
    SCOPED_TRACE("sentence " + std::to_string(i));
    EXPECT_EQ(actual[i].label, expected[i].label);
    EXPECT_EQ(actual[i].exit_layer, expected[i].exit_layer);
    ASSERT_EQ(actual[i].logits.size(), expected[i].logits.size());
    const double rounding = RoundingOf(expected[i].logits);
    EXPECT_NEAR(actual[i].probability, expected[i].probability, rounding);
    EXPECT_NEAR(actual[i].entropy, expected[i].entropy, rounding);
    for (std::size_t c = 0; c < actual[i].logits.size(); ++c) {
      EXPECT_NEAR(actual[i].logits[c], expected[i].logits[c], rounding);
    }
  }
}

}  // namespace early_exit::testing
