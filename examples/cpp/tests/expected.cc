#include "expected.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <vector>

#include "json.h"

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

Sentence ReadSentence(const Json& texts) {
  const auto& items = texts.array();
  if (items.size() == 1) return items[0].string();
  return TextPair{items[0].string(), items[1].string()};
}

TokenIds ReadTokens(const Json& json) {
  TokenIds tokens;
  for (const Json& token : json.array()) tokens.push_back(token.integer());
  return tokens;
}

Prediction ReadPrediction(const Json& json) {
  Prediction prediction;
  prediction.label = json["label"].string();
  prediction.probability = json["probability"].number();
  prediction.exit_layer = json["exit_layer"].integer();
  prediction.entropy = json["entropy"].number();
  for (const Json& logit : json["logits"].array()) {
    prediction.logits.push_back(static_cast<float>(logit.number()));
  }
  return prediction;
}

ExpectedRun ReadRun(const Json& json) {
  ExpectedRun run;
  if (!json["threshold"].is_null()) run.threshold = json["threshold"].number();
  for (const Json& item : json["predictions"].array()) {
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
  const Json all = Json::Parse(ReadFile(ArchivePath("expected.json")));
  const Json& json = all[name];
  Expected expected;
  expected.path = ArchivePath(name + ".pt");
  for (const Json& item : json["sentences"].array()) {
    expected.sentences.push_back(ReadSentence(item));
  }
  for (const Json& item : json["inputs"].array()) expected.inputs.push_back(ReadTokens(item));
  for (const Json& item : json["runs"].array()) expected.runs.push_back(ReadRun(item));
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
