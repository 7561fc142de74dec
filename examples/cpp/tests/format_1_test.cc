// An archive of format 1, written by the version that wrote such, answers as it did then.
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "early_exit/classifier.h"
#include "expected.h"

namespace early_exit {
namespace {

using Json = nlohmann::json;

TEST(Format1, AnswersAsItDidThen) {
  const std::string folder = EARLY_EXIT_FORMAT_1;
  const Json expected = Json::parse(testing::ReadFile(folder + "/expected.json"));
  const Archive archive(folder + "/model.pt");
  EXPECT_EQ(archive.metadata().format_version, 1);
  EXPECT_EQ(archive.metadata().policy.sign, -1);
  const TextEncoder encoder(archive);
  const Classifier classifier(TextEncoder(archive), LoadEngine(archive), {});
  const auto texts = expected.at("texts").get<std::vector<std::string>>();
  for (std::size_t i = 0; i < texts.size(); ++i) {
    EXPECT_EQ(encoder.Encode(texts[i]).tokens, expected.at("inputs")[i].get<TokenIds>()) << i;
  }
  for (const Json& run : expected.at("runs")) {
    ExitChoice exit;
    if (!run.at("threshold").is_null()) exit.threshold = run.at("threshold").get<double>();
    const auto found = classifier.Classify({texts.begin(), texts.end()}, exit);
    for (std::size_t i = 0; i < texts.size(); ++i) {
      EXPECT_EQ(found[i].exit_layer, run.at("exit_layer")[i].get<std::int64_t>()) << i;
      const auto logits = run.at("logits")[i].get<std::vector<float>>();
      ASSERT_EQ(found[i].logits.size(), logits.size());
      for (std::size_t c = 0; c < logits.size(); ++c) {
        EXPECT_NEAR(found[i].logits[c], logits[c], 1e-5 * (1 + std::abs(logits[c])));
      }
    }
  }
}

TEST(Format1, KnowsItsPoints) {
  const std::string folder = EARLY_EXIT_FORMAT_1;
  const Json points = Json::parse(testing::ReadFile(folder + "/operating_points.json"));
  const Metadata metadata = Archive(folder + "/model.pt").metadata();
  std::size_t n_points = 0;
  for (const Json& point : points.at("operating_points")) {
    if (point.at("threshold").is_null()) continue;
    EXPECT_EQ(metadata.ParameterFor(point.at("target_speedup").get<double>()),
              point.at("threshold").get<double>());
    ++n_points;
  }
  EXPECT_GT(n_points, 0u);
  EXPECT_EQ(metadata.ParameterFor(1.0), 0.0);
}

}  // namespace
}  // namespace early_exit
